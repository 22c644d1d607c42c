//! Profile: the record of another system that describes a person, such as `Practitioner` 123 of a clinic's records.

use garde::{Path, Report, Validate};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::text::{MAX_EXTERNAL_ID, MAX_NAME, check_line};

/// Most identifiers of one profile.
const MAX_IDENTIFIERS: usize = 20;

/// The record that describes a person elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// What kind of record it is, such as `Practitioner`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its id.
    #[serde(default)]
    pub id: Option<String>,
    /// Other identifiers that it has, at most 20.
    #[serde(default)]
    pub identifiers: Vec<String>,
}

/// By hand, because a derived one would tell the field's name in Rust.
impl Validate for Profile {
    type Context = ();

    fn validate_into(&self, _: &(), parent: &mut dyn FnMut() -> Path, report: &mut Report) {
        let mut check = |name: &str, verdict: Result<(), String>| {
            if let Err(message) = verdict {
                report.append(parent().join(name), garde::Error::new(message));
            }
        };
        check("type", check_line(&self.kind, MAX_NAME));
        if let Some(id) = &self.id {
            check("id", check_line(id, MAX_EXTERNAL_ID));
        }
        if self.identifiers.len() > MAX_IDENTIFIERS {
            check("identifiers", Err(format!("must have at most {MAX_IDENTIFIERS} entries")));
        }
        for (n, identifier) in self.identifiers.iter().enumerate().take(MAX_IDENTIFIERS) {
            check(&format!("identifiers[{n}]"), check_line(identifier, MAX_EXTERNAL_ID));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_of_a_profile_is_told_by_the_name_that_was_sent() {
        let profile =
            Profile { kind: " x".into(), id: Some(String::new()), identifiers: vec!["1".into(), "\u{7}".into()] };
        let report = profile.validate().unwrap_err();
        let fields: Vec<_> = report.iter().map(|(path, _)| path.to_string()).collect();
        assert_eq!(fields, ["type", "id", "identifiers[1]"]);
        let good = Profile { kind: "Practitioner".into(), id: None, identifiers: vec!["npi|9".into()] };
        assert!(good.validate().is_ok());
        assert!(Profile { identifiers: vec!["x".into(); 21], ..good }.validate().is_err());
    }
}

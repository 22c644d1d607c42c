//! Profile: the record of another system that describes a person, such as `Practitioner` 123 of a clinic's records.

use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::text::{valid_external_id, valid_name};

/// Most identifiers of one profile.
const MAX_IDENTIFIERS: usize = 20;

/// The record that describes a person elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// What kind of record it is, such as `Practitioner`.
    #[serde(rename = "type")]
    #[garde(custom(valid_name))]
    pub kind: String,
    /// Its id.
    #[serde(default)]
    #[garde(inner(custom(valid_external_id)))]
    pub id: Option<String>,
    /// Other identifiers that it has.
    #[serde(default)]
    #[garde(length(max = MAX_IDENTIFIERS), inner(custom(valid_external_id)))]
    pub identifiers: Vec<String>,
}

//! Group, GroupMembership and GroupMapping: a tenant's groups and which external names feed them.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use regex::RegexBuilder;
use uuid::Uuid;

use crate::model::text::name_key;
use crate::model::text_enum::text_enum;

/// The origin of a membership that an admin made by hand.
pub const MANUAL: &str = "manual";

/// A group (the whole row).
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = crate::schema::groups, treat_none_as_null = true)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct Group {
    pub tenant_id: Uuid,
    pub id: Uuid,
    pub name: String,
    pub name_key: String,
    pub description: Option<String>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl Group {
    /// A new group with this name.
    #[must_use]
    pub fn new(tenant_id: Uuid, name: &str, now: DateTime<Utc>) -> Self {
        Self {
            tenant_id,
            id: Uuid::now_v7(),
            name: name.to_owned(),
            name_key: name_key(name),
            description: None,
            version: 1,
            created_at: now,
            updated_at: now,
        }
    }
}

/// Who is in a group and who says so.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = crate::schema::group_memberships)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct GroupMembership {
    pub tenant_id: Uuid,
    pub group_id: Uuid,
    pub user_id: Uuid,
    pub origin: String,
    pub created_at: DateTime<Utc>,
}

impl GroupMembership {
    /// The source whose sync made it; `None` when an admin did it by hand ([`MANUAL`]).
    #[must_use]
    pub fn source_id(&self) -> Option<Uuid> {
        self.origin.parse().ok()
    }
}

text_enum! {
    /// How a mapping's pattern is compared with an external group name.
    MatchKind {
        /// Byte for byte.
        Exact = "exact",
        /// By normal form and case.
        CaseInsensitive = "case_insensitive",
        /// A regular expression that must match the whole name (linear-time engine).
        Regex = "regex",
    }
}

/// An external name (or pattern) that feeds a group (the whole row).
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = crate::schema::group_mappings, treat_none_as_null = true)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct GroupMapping {
    pub tenant_id: Uuid,
    pub id: Uuid,
    pub group_id: Uuid,
    pub source_id: Option<Uuid>,
    pub match_kind: MatchKind,
    pub pattern: String,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A pattern ready to be compared.
#[derive(Debug, Clone)]
pub enum NamePattern {
    /// Byte for byte.
    Exact(String),
    /// By key.
    Key(String),
    /// A whole-name regular expression.
    Regex(Box<regex::Regex>),
}

/// What the engine says is wrong, without the picture that it draws.
fn not_an_expression(error: &regex::Error) -> String {
    let reason = match error {
        regex::Error::Syntax(text) => text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned(),
        _ => "it would become too large".to_owned(),
    };
    format!("is not a regular expression: {reason}")
}

impl NamePattern {
    /// Compiles a pattern; a regular expression is anchored at both ends and bounded in size (D-05).
    ///
    /// # Errors
    /// A sentence that says what is wrong with the expression.
    pub fn compile(kind: MatchKind, pattern: &str) -> Result<Self, String> {
        match kind {
            MatchKind::Exact => Ok(Self::Exact(pattern.to_owned())),
            MatchKind::CaseInsensitive => Ok(Self::Key(name_key(pattern))),
            // The bare expression first: `a)|(?:b` is only an expression once it is wrapped.
            MatchKind::Regex => {
                regex::Regex::new(pattern).map_err(|e| not_an_expression(&e))?;
                RegexBuilder::new(&format!("^(?:{pattern})$"))
                    .size_limit(1 << 18)
                    .dfa_size_limit(1 << 20)
                    .build()
                    .map(|re| Self::Regex(Box::new(re)))
                    .map_err(|e| not_an_expression(&e))
            }
        }
    }

    /// Whether an external group name matches.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        match self {
            Self::Exact(text) => text == name,
            Self::Key(key) => *key == name_key(name),
            Self::Regex(re) => re.is_match(name),
        }
    }
}

/// An external name that nothing mapped.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = crate::schema::unmatched_groups)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct UnmatchedGroup {
    pub tenant_id: Uuid,
    pub source_id: Uuid,
    pub name: String,
    pub times_seen: i64,
    pub first_seen_at: DateTime<Utc>,
    pub last_seen_at: DateTime<Utc>,
}

/// Removals that the guard rail held back (the whole row).
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = crate::schema::held_group_removals)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct HeldGroupRemoval {
    pub tenant_id: Uuid,
    pub id: Uuid,
    pub source_id: Uuid,
    pub user_id: Uuid,
    pub group_ids: Vec<Uuid>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_expression_is_told_with_the_reason() {
        for (pattern, reason) in
            [("(a", "unclosed group"), ("a)|(?:b", "unopened group"), ("(a{9}){9999}", "it would become too large")]
        {
            let said = NamePattern::compile(MatchKind::Regex, pattern).unwrap_err();
            assert_eq!(said, format!("is not a regular expression: {reason}"));
        }
    }

    #[test]
    fn patterns_match_whole_names_only() {
        let re = NamePattern::compile(MatchKind::Regex, "eng-.*|ops").unwrap();
        assert!(re.matches("eng-core") && re.matches("ops"));
        assert!(!re.matches("xops") && !re.matches("opsx"));
        assert!(NamePattern::compile(MatchKind::Regex, "(").is_err());
        assert!(NamePattern::compile(MatchKind::Regex, "a)|(?:b").is_err(), "anchors hold");
        assert!(NamePattern::compile(MatchKind::Regex, "(a{500}){500}").is_err(), "D-05: bounded");
        assert!(NamePattern::compile(MatchKind::CaseInsensitive, "Admins").unwrap().matches("ADMINS"));
        assert!(!NamePattern::compile(MatchKind::Exact, "Admins").unwrap().matches("ADMINS"));
    }
}

//! manage_group_mappings: which external group names feed a group.

use diesel::PgConnection;
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::context::Context;
use crate::flows::Error;
use crate::flows::authenticate::Caller;
use crate::flows::patch::{not_null, nullable, put};
use crate::flows::write::{change, check_room, remove, write};
use crate::model::audit::{Event, Subject};
use crate::model::group::{GroupMapping, MatchKind, NamePattern};
use crate::store::{connections, group_mappings, groups};

/// Most mappings of a tenant; each is compiled at each login.
const MAX_MAPPINGS: i64 = 500;

/// A mapping to create.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupMappingIn {
    /// The group that is fed.
    #[garde(skip)]
    pub group_id: Uuid,
    /// Only names from this connection; absent means from any.
    #[garde(skip)]
    pub connection_id: Option<Uuid>,
    /// How the pattern is compared; `exact` when absent.
    #[serde(default = "exact")]
    #[garde(skip)]
    pub match_kind: MatchKind,
    /// The external name, or a regular expression over the whole name.
    #[garde(custom(valid_pattern))]
    pub pattern: String,
}

const fn exact() -> MatchKind {
    MatchKind::Exact
}

/// What to change of a mapping; absent fields stay.
#[derive(Debug, Clone, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupMappingPatch {
    /// The group that is fed.
    #[serde(default, deserialize_with = "not_null")]
    #[garde(skip)]
    pub group_id: Option<Uuid>,
    /// Only names from this connection; `null` means from any.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Uuid>)]
    #[garde(skip)]
    pub connection_id: Option<Option<Uuid>>,
    /// How the pattern is compared.
    #[serde(default, deserialize_with = "not_null")]
    #[garde(skip)]
    pub match_kind: Option<MatchKind>,
    /// The external name, or a regular expression over the whole name.
    #[serde(default, deserialize_with = "not_null")]
    #[garde(inner(custom(valid_pattern)))]
    pub pattern: Option<String>,
}

fn valid_pattern(text: &str, _: &()) -> garde::Result {
    crate::model::text::check_line(text, 256).map_err(garde::Error::new)
}

/// Creates a mapping.
///
/// # Errors
/// [`Error::Invalid`] for an expression that cannot be used, or a group or connection that the tenant has not.
pub async fn create(ctx: &Context, caller: &Caller, input: GroupMappingIn) -> Result<GroupMapping, Error> {
    let (tenant, stamp) = (caller.tenant_id(), caller.stamp(ctx));
    write(ctx, tenant, stamp, move |conn| {
        let mapping = GroupMapping {
            tenant_id: tenant,
            id: Uuid::now_v7(),
            group_id: input.group_id,
            source_id: input.connection_id,
            match_kind: input.match_kind,
            pattern: input.pattern,
            version: 1,
            created_at: stamp.at,
            updated_at: stamp.at,
        };
        check_room(group_mappings::count(conn, tenant)?, MAX_MAPPINGS)?;
        check(conn, &mapping)?;
        group_mappings::insert(conn, tenant, &mapping)?;
        let event = Event::GroupMappingCreated(Subject { id: mapping.id, name: None });
        Ok((mapping, Some(event)))
    })
    .await
}

/// Changes a mapping.
///
/// # Errors
/// As [`create`], [`Error::NotFound`], [`Error::Stale`].
pub async fn update(
    ctx: &Context,
    caller: &Caller,
    id: Uuid,
    expected: Option<i64>,
    patch: GroupMappingPatch,
) -> Result<GroupMapping, Error> {
    change(ctx, caller, (id, expected), Event::GroupMappingUpdated, move |conn, mapping: &mut GroupMapping| {
        let mut fields = Vec::new();
        put(&mut mapping.group_id, patch.group_id, "group_id", &mut fields);
        put(&mut mapping.source_id, patch.connection_id, "connection_id", &mut fields);
        put(&mut mapping.match_kind, patch.match_kind, "match_kind", &mut fields);
        put(&mut mapping.pattern, patch.pattern, "pattern", &mut fields);
        check(conn, mapping)?;
        Ok(fields)
    })
    .await
}

/// Deletes a mapping; memberships follow at the next sync.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Stale`].
pub async fn delete(ctx: &Context, caller: &Caller, id: Uuid, expected: Option<i64>) -> Result<(), Error> {
    remove(ctx, caller, (id, expected), move |_, _: &GroupMapping| {
        Ok(Event::GroupMappingDeleted(Subject { id, name: None }))
    })
    .await
}

fn check(conn: &mut PgConnection, mapping: &GroupMapping) -> Result<(), Error> {
    let tenant = mapping.tenant_id;
    NamePattern::compile(mapping.match_kind, &mapping.pattern).map_err(|m| Error::invalid("pattern", m))?;
    if groups::find(conn, tenant, mapping.group_id)?.is_none() {
        return Err(Error::invalid("group_id", "names no group of this tenant"));
    }
    if let Some(source) = mapping.source_id
        && connections::find(conn, tenant, source)?.is_none()
    {
        return Err(Error::invalid("connection_id", "names no connection of this tenant"));
    }
    Ok(())
}

//! Group mappings.

use diesel::prelude::*;
use uuid::Uuid;

use crate::model::group::GroupMapping;
use crate::model::page::PageRequest;
use crate::schema::group_mappings;
use crate::store::crud;

crud!(group_mappings, GroupMapping, versioned);

/// The mappings that apply to names from this source: its own and those for any source.
///
/// # Errors
/// What the database says.
pub fn for_source(conn: &mut PgConnection, tenant: Uuid, source: Uuid) -> QueryResult<Vec<GroupMapping>> {
    group_mappings::table
        .filter(group_mappings::tenant_id.eq(tenant))
        .filter(group_mappings::source_id.eq(source).or(group_mappings::source_id.is_null()))
        .select(GroupMapping::as_select())
        .order(group_mappings::id)
        .load(conn)
}

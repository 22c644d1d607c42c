//! Groups, memberships, unmatched names and held removals.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::upsert::excluded;
use uuid::Uuid;

use crate::model::group::{Group, GroupMembership, HeldGroupRemoval, UnmatchedGroup};
use crate::model::page::PageRequest;
use crate::schema::{group_memberships, groups, held_group_removals, unmatched_groups};
use crate::store::crud;

crud!(groups, Group, versioned);

/// Every group of the tenant.
///
/// # Errors
/// What the database says.
pub fn all(conn: &mut PgConnection, tenant: Uuid) -> QueryResult<Vec<Group>> {
    groups::table.filter(groups::tenant_id.eq(tenant)).select(Group::as_select()).order(groups::id).load(conn)
}

/// Those of these groups that the tenant has.
///
/// # Errors
/// What the database says.
pub fn existing(conn: &mut PgConnection, tenant: Uuid, ids: &[Uuid]) -> QueryResult<Vec<Uuid>> {
    groups::table.filter(groups::tenant_id.eq(tenant)).filter(groups::id.eq_any(ids)).select(groups::id).load(conn)
}

/// Adds a group unless its name is taken; tells how many were added (0 or 1).
///
/// # Errors
/// What the database says.
pub fn insert_if_new(conn: &mut PgConnection, tenant: Uuid, group: &Group) -> QueryResult<usize> {
    debug_assert_eq!(tenant, group.tenant_id);
    diesel::insert_into(groups::table).values(group).on_conflict_do_nothing().execute(conn)
}

/// A page of a user's groups in group order, each once with all the user's memberships of it (one per origin).
///
/// # Errors
/// What the database says.
pub fn of_user(
    conn: &mut PgConnection,
    tenant: Uuid,
    user: Uuid,
    page: PageRequest,
) -> QueryResult<Vec<Vec<GroupMembership>>> {
    let of_user = || {
        group_memberships::table
            .filter(group_memberships::tenant_id.eq(tenant))
            .filter(group_memberships::user_id.eq(user))
    };
    let mut query = of_user().select(group_memberships::group_id).distinct().into_boxed();
    if let Some(after) = page.after {
        query = query.filter(group_memberships::group_id.gt(after));
    }
    let groups: Vec<Uuid> = query.order(group_memberships::group_id).limit(page.limit).load(conn)?;
    let rows = of_user()
        .filter(group_memberships::group_id.eq_any(groups))
        .select(GroupMembership::as_select())
        .order((group_memberships::group_id, group_memberships::origin))
        .load(conn)?;
    Ok(rows.chunk_by(|a, b| a.group_id == b.group_id).map(<[GroupMembership]>::to_vec).collect())
}

/// Every membership of a user.
///
/// # Errors
/// What the database says.
pub fn memberships_of_user(conn: &mut PgConnection, tenant: Uuid, user: Uuid) -> QueryResult<Vec<GroupMembership>> {
    group_memberships::table
        .filter(group_memberships::tenant_id.eq(tenant))
        .filter(group_memberships::user_id.eq(user))
        .select(GroupMembership::as_select())
        .order(group_memberships::group_id)
        .load(conn)
}

/// The names of a user's groups, each once, by name.
///
/// # Errors
/// What the database says.
pub fn names_of_user(conn: &mut PgConnection, tenant: Uuid, user: Uuid) -> QueryResult<Vec<String>> {
    let of_user = group_memberships::table
        .filter(group_memberships::tenant_id.eq(tenant))
        .filter(group_memberships::user_id.eq(user))
        .select(group_memberships::group_id);
    groups::table
        .filter(groups::tenant_id.eq(tenant))
        .filter(groups::id.eq_any(of_user))
        .select(groups::name)
        .order(groups::name_key)
        .load(conn)
}

/// A page of a group's members in user order. Each comes once, with all their memberships (one per origin): a page that
/// counted memberships could end between two of one user.
///
/// # Errors
/// What the database says.
pub fn members(
    conn: &mut PgConnection,
    tenant: Uuid,
    group: Uuid,
    page: PageRequest,
) -> QueryResult<Vec<Vec<GroupMembership>>> {
    let of_group = || {
        group_memberships::table
            .filter(group_memberships::tenant_id.eq(tenant))
            .filter(group_memberships::group_id.eq(group))
    };
    let mut query = of_group().select(group_memberships::user_id).distinct().into_boxed();
    if let Some(after) = page.after {
        query = query.filter(group_memberships::user_id.gt(after));
    }
    let users: Vec<Uuid> = query.order(group_memberships::user_id).limit(page.limit).load(conn)?;
    let rows = of_group()
        .filter(group_memberships::user_id.eq_any(users))
        .select(GroupMembership::as_select())
        .order((group_memberships::user_id, group_memberships::origin))
        .load(conn)?;
    Ok(rows.chunk_by(|a, b| a.user_id == b.user_id).map(<[GroupMembership]>::to_vec).collect())
}

/// Adds memberships; those that exist stay as they are.
///
/// # Errors
/// What the database says, a foreign key violation among it.
pub fn add_members(conn: &mut PgConnection, tenant: Uuid, rows: &[GroupMembership]) -> QueryResult<usize> {
    debug_assert!(rows.iter().all(|r| r.tenant_id == tenant));
    diesel::insert_into(group_memberships::table).values(rows).on_conflict_do_nothing().execute(conn)
}

/// Removes memberships of one user and one origin.
///
/// # Errors
/// What the database says.
pub fn remove_members(
    conn: &mut PgConnection,
    tenant: Uuid,
    user: Uuid,
    origin: &str,
    group_ids: &[Uuid],
) -> QueryResult<usize> {
    diesel::delete(
        group_memberships::table
            .filter(group_memberships::tenant_id.eq(tenant))
            .filter(group_memberships::user_id.eq(user))
            .filter(group_memberships::origin.eq(origin))
            .filter(group_memberships::group_id.eq_any(group_ids)),
    )
    .execute(conn)
}

/// Removes every membership that a source's sync made.
///
/// # Errors
/// What the database says.
pub fn remove_origin(conn: &mut PgConnection, tenant: Uuid, origin: &str) -> QueryResult<usize> {
    diesel::delete(
        group_memberships::table
            .filter(group_memberships::tenant_id.eq(tenant))
            .filter(group_memberships::origin.eq(origin)),
    )
    .execute(conn)
}

/// Counts names that nothing mapped.
///
/// # Errors
/// What the database says.
pub fn note_unmatched(
    conn: &mut PgConnection,
    tenant: Uuid,
    source: Uuid,
    names: &[String],
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let rows: Vec<UnmatchedGroup> = names
        .iter()
        .map(|name| UnmatchedGroup {
            tenant_id: tenant,
            source_id: source,
            name: name.clone(),
            times_seen: 1,
            first_seen_at: now,
            last_seen_at: now,
        })
        .collect();
    diesel::insert_into(unmatched_groups::table)
        .values(&rows)
        .on_conflict((unmatched_groups::tenant_id, unmatched_groups::source_id, unmatched_groups::name))
        .do_update()
        .set((
            unmatched_groups::times_seen.eq(unmatched_groups::times_seen + 1),
            unmatched_groups::last_seen_at.eq(excluded(unmatched_groups::last_seen_at)),
        ))
        .execute(conn)
}

/// The names that nothing mapped lately, latest first, at most 200.
///
/// # Errors
/// What the database says.
pub fn unmatched(conn: &mut PgConnection, tenant: Uuid) -> QueryResult<Vec<UnmatchedGroup>> {
    unmatched_groups::table
        .filter(unmatched_groups::tenant_id.eq(tenant))
        .select(UnmatchedGroup::as_select())
        .order((unmatched_groups::last_seen_at.desc(), unmatched_groups::name))
        .limit(200)
        .load(conn)
}

/// Holds removals back, replacing what an earlier sync of the same user held.
///
/// # Errors
/// What the database says.
pub fn hold_removal(conn: &mut PgConnection, tenant: Uuid, held: &HeldGroupRemoval) -> QueryResult<usize> {
    debug_assert_eq!(tenant, held.tenant_id);
    diesel::insert_into(held_group_removals::table)
        .values(held)
        .on_conflict((held_group_removals::tenant_id, held_group_removals::source_id, held_group_removals::user_id))
        .do_update()
        .set((held_group_removals::group_ids.eq(&held.group_ids), held_group_removals::updated_at.eq(held.updated_at)))
        .execute(conn)
}

/// Forgets what was held for a user, because the latest sync no longer wants it.
///
/// # Errors
/// What the database says.
pub fn release_removal(conn: &mut PgConnection, tenant: Uuid, source: Uuid, user: Uuid) -> QueryResult<usize> {
    diesel::delete(
        held_group_removals::table
            .filter(held_group_removals::tenant_id.eq(tenant))
            .filter(held_group_removals::source_id.eq(source))
            .filter(held_group_removals::user_id.eq(user)),
    )
    .execute(conn)
}

/// Held removals of the tenant, by the four queries of every table.
pub mod held {
    use super::*;

    crud!(held_group_removals, HeldGroupRemoval);
}

//! manage_groups: groups, memberships by hand, and what the guard rail held back.

use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::context::Context;
use crate::flows::Error;
use crate::flows::authenticate::Caller;
use crate::flows::patch::{not_null, nullable, put};
use crate::flows::write::{change, remove, write};
use crate::model::audit::{Event, Membership, Subject};
use crate::model::group::{Group, GroupMembership, MANUAL};
use crate::model::text::{name_key, valid_name};
use crate::store::{groups, users};

/// A group to create.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupIn {
    /// Name; unique in the tenant, whatever its case.
    #[garde(custom(valid_name))]
    pub name: String,
    /// What the group is for.
    #[garde(inner(custom(valid_description)))]
    pub description: Option<String>,
}

/// What to change of a group; absent fields stay.
#[derive(Debug, Clone, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupPatch {
    /// Name.
    #[serde(default, deserialize_with = "not_null")]
    #[garde(inner(custom(valid_name)))]
    pub name: Option<String>,
    /// What the group is for.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    #[garde(inner(inner(custom(valid_description))))]
    pub description: Option<Option<String>>,
}

fn valid_description(text: &str, _: &()) -> garde::Result {
    crate::model::text::check_line(text, 500).map_err(garde::Error::new)
}

/// Creates a group.
///
/// # Errors
/// [`Error::Conflict`] `name_taken`.
pub async fn create(ctx: &Context, caller: &Caller, input: GroupIn) -> Result<Group, Error> {
    let (tenant, stamp) = (caller.tenant_id(), caller.stamp(ctx));
    write(ctx, tenant, stamp, move |conn| {
        let group = Group { description: input.description, ..Group::new(tenant, &input.name, stamp.at) };
        groups::insert(conn, tenant, &group)?;
        let event = Event::GroupCreated(Subject { id: group.id, name: Some(group.name.clone()) });
        Ok((group, Some(event)))
    })
    .await
}

/// Changes a group.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Stale`], [`Error::Conflict`] `name_taken`.
pub async fn update(
    ctx: &Context,
    caller: &Caller,
    id: Uuid,
    expected: Option<i64>,
    patch: GroupPatch,
) -> Result<Group, Error> {
    change(ctx, caller, (id, expected), Event::GroupUpdated, move |_, group: &mut Group| {
        let mut fields = Vec::new();
        put(&mut group.name, patch.name, "name", &mut fields);
        put(&mut group.description, patch.description, "description", &mut fields);
        group.name_key = name_key(&group.name);
        Ok(fields)
    })
    .await
}

/// Deletes a group with memberships and mappings.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Stale`].
pub async fn delete(ctx: &Context, caller: &Caller, id: Uuid, expected: Option<i64>) -> Result<(), Error> {
    remove(ctx, caller, (id, expected), move |_, group: &Group| {
        Ok(Event::GroupDeleted(Subject { id, name: Some(group.name.clone()) }))
    })
    .await
}

/// Puts a user into a group by hand; doing it twice is doing it once.
///
/// # Errors
/// [`Error::NotFound`] for a group or user that the tenant has not.
pub async fn add_member(ctx: &Context, caller: &Caller, group_id: Uuid, user_id: Uuid) -> Result<(), Error> {
    let (tenant, stamp) = (caller.tenant_id(), caller.stamp(ctx));
    write(ctx, tenant, stamp, move |conn| {
        groups::find(conn, tenant, group_id)?.ok_or(Error::NotFound)?;
        users::find(conn, tenant, user_id)?.ok_or(Error::NotFound)?;
        let row = GroupMembership { tenant_id: tenant, group_id, user_id, origin: MANUAL.into(), created_at: stamp.at };
        let added = groups::add_members(conn, tenant, &[row])?;
        Ok(((), (added > 0).then_some(Event::GroupMemberAdded(Membership { group_id, user_id }))))
    })
    .await
}

/// Takes back what was put by hand; what a provider says stays.
///
/// # Errors
/// [`Error::NotFound`] when there is no such membership by hand.
pub async fn remove_member(ctx: &Context, caller: &Caller, group_id: Uuid, user_id: Uuid) -> Result<(), Error> {
    let (tenant, stamp) = (caller.tenant_id(), caller.stamp(ctx));
    write(ctx, tenant, stamp, move |conn| {
        if groups::remove_members(conn, tenant, user_id, MANUAL, &[group_id])? == 0 {
            return Err(Error::NotFound);
        }
        Ok(((), Some(Event::GroupMemberRemoved(Membership { group_id, user_id }))))
    })
    .await
}

/// Decides on removals that the guard rail held back: `apply` carries them out, else they are forgotten.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn settle_held(ctx: &Context, caller: &Caller, id: Uuid, apply: bool) -> Result<(), Error> {
    let (tenant, stamp) = (caller.tenant_id(), caller.stamp(ctx));
    write(ctx, tenant, stamp, move |conn| {
        let held = groups::held::find(conn, tenant, id)?.ok_or(Error::NotFound)?;
        groups::held::delete(conn, tenant, id)?;
        let (user_id, group_ids) = (held.user_id, held.group_ids);
        let event = if apply {
            groups::remove_members(conn, tenant, user_id, &held.source_id.to_string(), &group_ids)?;
            Event::HeldRemovalApplied { id, user_id, group_ids }
        } else {
            Event::HeldRemovalDismissed { id, user_id }
        };
        Ok(((), Some(event)))
    })
    .await
}

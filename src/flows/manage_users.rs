//! manage_users: admins create, import, change and delete users. The last active owner is never lost.

use diesel::PgConnection;
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::context::Context;
use crate::flows::authenticate::Caller;
use crate::flows::manage_identities::{IdentityIn, new_identity};
use crate::flows::patch::{not_null, nullable, put};
use crate::flows::write::{change, remove, write};
use crate::flows::{Error, Fault, enforce_sso, fresh_login};
use crate::model::audit::{Event, Subject};
use crate::model::email::EmailAddress;
use crate::model::profile::Profile;
use crate::model::role::{AccountStatus, Role};
use crate::model::text::{valid_external_id, valid_name};
use crate::model::user::User;
use crate::store::{address_proofs, break_glass_codes, identities, sessions, users};

/// Most users of one import.
pub const MAX_IMPORT: usize = 1000;

/// A user to create.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserIn {
    /// E-mail address; a first login with it, proven, becomes this user.
    #[garde(skip)]
    pub email: Option<String>,
    /// Display name.
    #[garde(inner(custom(valid_name)))]
    pub name: Option<String>,
    /// Given name.
    #[garde(inner(custom(valid_name)))]
    pub given_name: Option<String>,
    /// Family name.
    #[garde(inner(custom(valid_name)))]
    pub family_name: Option<String>,
    /// The id that another system knows the person by; unique in the tenant.
    #[garde(inner(custom(valid_external_id)))]
    pub external_id: Option<String>,
    /// The record of another system that describes the person.
    #[serde(default)]
    #[garde(dive)]
    pub profile: Option<Profile>,
    /// What the person may do; `member` when absent.
    #[garde(skip)]
    pub role: Option<Role>,
    /// What identity providers call the person already, for people who come from another product.
    #[serde(default)]
    #[garde(dive, length(max = 10))]
    pub identities: Vec<IdentityIn>,
}

/// Users to create, all or none.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UsersIn {
    /// The users; at most 1000.
    #[garde(dive, length(min = 1, max = MAX_IMPORT))]
    pub users: Vec<UserIn>,
}

/// What to change of a user; absent fields stay. An address is not verified until the person proves it;
/// another spelling of the same one stays verified.
#[derive(Debug, Clone, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserPatch {
    /// E-mail address.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    #[garde(skip)]
    pub email: Option<Option<String>>,
    /// Display name.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    #[garde(inner(inner(custom(valid_name))))]
    pub name: Option<Option<String>>,
    /// Given name.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    #[garde(inner(inner(custom(valid_name))))]
    pub given_name: Option<Option<String>>,
    /// Family name.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    #[garde(inner(inner(custom(valid_name))))]
    pub family_name: Option<Option<String>>,
    /// The id that another system knows the person by.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    #[garde(inner(inner(custom(valid_external_id))))]
    pub external_id: Option<Option<String>>,
    /// The record of another system that describes the person; replaced as a whole.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Profile>)]
    #[garde(dive)]
    pub profile: Option<Option<Profile>>,
    /// What the person may do.
    #[serde(default, deserialize_with = "not_null")]
    #[garde(skip)]
    pub role: Option<Role>,
    /// Whether the person may come in.
    #[serde(default, deserialize_with = "not_null")]
    #[garde(skip)]
    pub status: Option<AccountStatus>,
}

/// What somebody changes of their own profile; absent fields stay. Address, role and standing are not theirs to say (L-09).
#[derive(Debug, Clone, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProfilePatch {
    /// Display name.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    #[garde(inner(inner(custom(valid_name))))]
    pub name: Option<Option<String>>,
    /// Given name.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    #[garde(inner(inner(custom(valid_name))))]
    pub given_name: Option<Option<String>>,
    /// Family name.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    #[garde(inner(inner(custom(valid_name))))]
    pub family_name: Option<Option<String>>,
}

/// Creates users, all or none; with one it is the plain "create a user".
///
/// # Errors
/// [`Error::Invalid`] names each bad field by row, [`Error::Conflict`] when an address, external id or identity is taken,
/// [`Error::Forbidden`] for roles above the caller's.
pub async fn create(ctx: &Context, caller: &Caller, inputs: Vec<UserIn>, bulk: bool) -> Result<Vec<User>, Error> {
    let (tenant, stamp) = (caller.tenant_id(), caller.stamp(ctx));
    let mut rows = Vec::with_capacity(inputs.len());
    let mut faults = Vec::new();
    for (n, input) in inputs.into_iter().enumerate() {
        let field = |name: &str| {
            if bulk { format!("users[{n}].{name}") } else { name.to_owned() }
        };
        let role = input.role.unwrap_or(Role::Member);
        caller.check_role(role)?;
        let mut user = User::new(tenant, stamp.at);
        if let Err(message) = set_email(&mut user, input.email.as_deref()) {
            faults.push(Fault { field: field("email"), message });
        }
        if input.email.is_none() && input.external_id.is_none() && input.identities.is_empty() {
            faults.push(Fault {
                field: field("email"),
                message: "is needed, or external_id or identities: one way to know the person".into(),
            });
        }
        user.name = input.name;
        user.given_name = input.given_name;
        user.family_name = input.family_name;
        user.external_id = input.external_id;
        user.set_profile(input.profile);
        user.role = role;
        rows.push((user, input.identities));
    }
    if !faults.is_empty() {
        return Err(Error::Invalid(faults));
    }
    write(ctx, tenant, stamp, move |conn| {
        let mut created = Vec::with_capacity(rows.len());
        for (user, links) in rows {
            users::insert(conn, tenant, &user)?;
            for link in links {
                let identity = new_identity(conn, tenant, user.id, &link, stamp.at)?;
                if identities::insert_if_new(conn, tenant, &identity)? == 0 {
                    return Err(Error::conflict("identity_taken", "this subject is linked already"));
                }
            }
            created.push(user);
        }
        let event = match created.as_slice() {
            [one] if !bulk => Event::UserCreated(Subject { id: one.id, name: None }),
            many => Event::UsersImported { count: many.len() },
        };
        Ok((created, Some(event)))
    })
    .await
}

/// Changes a user. Suspending ends their sessions.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Stale`], [`Error::Invalid`], [`Error::Conflict`] (`last_owner` among them),
/// [`Error::Forbidden`] for roles above the caller's; for an address as [`fresh_login::may_change`].
pub async fn update(
    ctx: &Context,
    caller: &Caller,
    id: Uuid,
    expected: Option<i64>,
    patch: UserPatch,
) -> Result<User, Error> {
    let by = caller.clone();
    let (tenant, now) = (caller.tenant_id(), ctx.clock.now());
    change(ctx, caller, (id, expected), Event::UserUpdated, move |conn, user: &mut User| {
        by.check_role(user.role)?;
        by.check_role(patch.role.unwrap_or(user.role))?;
        let mut fields = Vec::new();
        if let Some(email) = patch.email
            && user.email != email
        {
            fresh_login::may_change(conn, &by, user, now)?; // a letter to it sets another password
            set_email(user, email.as_deref()).map_err(|m| Error::invalid("email", m))?;
            address_proofs::void_of_user(conn, tenant, id, now)?; // L-10
            fields.push("email");
        }
        put(&mut user.name, patch.name, "name", &mut fields);
        put(&mut user.given_name, patch.given_name, "given_name", &mut fields);
        put(&mut user.family_name, patch.family_name, "family_name", &mut fields);
        put(&mut user.external_id, patch.external_id, "external_id", &mut fields);
        if let Some(profile) = patch.profile
            && user.profile() != profile
        {
            user.set_profile(profile);
            fields.push("profile");
        }
        put(&mut user.role, patch.role, "role", &mut fields);
        put(&mut user.status, patch.status, "status", &mut fields);
        let stays_owner = user.role == Role::Owner && user.status == AccountStatus::Active;
        keep_an_owner(conn, tenant, id, stays_owner)?;
        if !stays_owner || user.email_key.is_none() {
            enforce_sso::keep_an_owner_with_password(conn, user, now)?;
        }
        if user.role != Role::Owner {
            break_glass_codes::delete_of_user(conn, tenant, id)?; // whoever becomes an owner again makes new ones
        }
        if user.status == AccountStatus::Suspended {
            sessions::end_of_user(conn, tenant, id, "user_suspended", now)?;
        }
        Ok(fields)
    })
    .await
}

/// Changes the caller's own profile. A provider that asserts names sets them again at the next login.
///
/// # Errors
/// [`Error::NotFound`] for callers that are no user, [`Error::Invalid`], [`Error::Stale`].
pub async fn update_own(
    ctx: &Context,
    caller: &Caller,
    expected: Option<i64>,
    patch: ProfilePatch,
) -> Result<User, Error> {
    let user_id = caller.user().ok_or(Error::NotFound)?;
    // A form of ours comes by here without the checks of a body.
    patch.validate()?;
    change(ctx, caller, (user_id, expected), Event::UserUpdated, move |_, user: &mut User| {
        let mut fields = Vec::new();
        put(&mut user.name, patch.name, "name", &mut fields);
        put(&mut user.given_name, patch.given_name, "given_name", &mut fields);
        put(&mut user.family_name, patch.family_name, "family_name", &mut fields);
        Ok(fields)
    })
    .await
}

/// Deletes a user with identities, sessions, keys and memberships. A later login makes a new user.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Stale`], [`Error::Conflict`] `last_owner`, [`Error::Forbidden`].
pub async fn delete(ctx: &Context, caller: &Caller, id: Uuid, expected: Option<i64>) -> Result<(), Error> {
    let (by, tenant, now) = (caller.clone(), caller.tenant_id(), ctx.clock.now());
    remove(ctx, caller, (id, expected), move |conn, user: &User| {
        by.check_role(user.role)?;
        keep_an_owner(conn, tenant, id, false)?;
        enforce_sso::keep_an_owner_with_password(conn, user, now)?;
        Ok(Event::UserDeleted(Subject { id, name: None }))
    })
    .await
}

/// T-06: refuses when `id` is the only active owner and would be one no longer.
fn keep_an_owner(conn: &mut PgConnection, tenant: Uuid, id: Uuid, stays: bool) -> Result<(), Error> {
    if stays || users::active_owners(conn, tenant)? != [id] {
        Ok(())
    } else {
        Err(Error::conflict("last_owner", "this is the tenant's last active owner; make another one first"))
    }
}

/// Sets address and key together; whatever an admin enters is unproven, but for another spelling of the same address.
fn set_email(user: &mut User, email: Option<&str>) -> Result<(), String> {
    let parsed = email.map(EmailAddress::parse).transpose().map_err(|e| e.to_string())?;
    let before = user.email_key.take();
    (user.email, user.email_key) = parsed.map(|e| (e.address, e.key)).unzip();
    user.email_verified_at = user.email_verified_at.filter(|_| user.email_key == before);
    Ok(())
}

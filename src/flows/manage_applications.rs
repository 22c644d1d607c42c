//! manage_applications: the OAuth 2 clients of a tenant, or of the installation, and their secrets.
//!
//! Both kinds go the same way: `registry` knows in whose books they are and who may write there, `check` what may be
//! written. A client secret is in the answer to its creation, nowhere else; an application has several only while one
//! takes over from another.

mod check;
mod registry;

use chrono::{DateTime, Duration, Utc};
use diesel::PgConnection;
use garde::Validate;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::context::Context;
use crate::flows::Error;
use crate::flows::patch::merged;
use crate::flows::write::{check_room, check_version, saved};
use crate::model::application::settings::ApplicationSettings;
use crate::model::application::{Application, ClientSecret};
use crate::model::audit::{Change, Event, KeyOf, Subject};
use crate::model::json::Json;
use crate::model::text::name_key;
use crate::secrets::token;

pub use registry::Registry;

/// Most applications of a tenant, or of the installation.
const MAX_APPLICATIONS: i64 = 200;
/// Most secrets of an application that are good at one time.
const MAX_SECRETS: i64 = 5;

/// Name and settings of an application, side by side, as JSON. At creation `name` and `redirect_uris` are required and
/// what else is absent gets its default; in a PATCH what is absent stays and `null` puts a member back to its default.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(transparent)]
#[schema(value_type = ApplicationFields)]
pub struct ApplicationIn(#[garde(skip)] pub Map<String, Value>);

/// What [`ApplicationIn`] may hold.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApplicationFields {
    /// Shown on the consent page; unique, whatever its case.
    #[schema(required = false)]
    pub name: String,
    /// Everything else.
    #[serde(flatten)]
    pub settings: ApplicationSettings,
}

/// A client secret to create.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ClientSecretIn {
    /// How long the secrets that there are go on working, in hours (0 to 720); none is given longer than it had.
    #[garde(range(min = 0, max = 720))]
    pub expire_others_in_hours: i64,
}

impl Default for ClientSecretIn {
    fn default() -> Self {
        Self { expire_others_in_hours: 24 }
    }
}

/// Creates an application, with a first secret when its authentication method rests on one.
///
/// # Errors
/// [`Error::Invalid`] names every field, [`Error::Conflict`] `name_taken` or `limit_reached`, [`Error::Forbidden`] for
/// scopes that are above the caller.
pub async fn create(
    ctx: &Context,
    registry: Registry,
    input: ApplicationIn,
) -> Result<(Application, Option<SecretString>), Error> {
    let stamp = registry.stamp(ctx);
    let (name, settings) = fields(String::new(), &ApplicationSettings::default(), input)?;
    check::check(ctx, &registry, &name, &settings)?;
    registry.check_api(&settings)?;
    let (secret, secrets) = if settings.uses_secret() {
        let (secret, kept) = new_secret(stamp.at);
        (Some(secret), vec![kept])
    } else {
        (None, Vec::new())
    };
    let row = Application {
        tenant_id: registry.tenant_id(),
        id: Uuid::now_v7(),
        name_key: name_key(&name),
        name,
        settings: Json(settings),
        secrets: Json(secrets),
        version: 1,
        created_at: stamp.at,
        updated_at: stamp.at,
    };
    let books = registry.clone();
    let created = registry.write(ctx, stamp, move |conn| {
        check_room(books.count(conn)?, MAX_APPLICATIONS)?;
        check::check_connections(conn, &books, &ApplicationSettings::default(), &row.settings.0)?;
        books.insert(conn, &row)?;
        let event = Event::ApplicationCreated(Subject { id: row.id, name: Some(row.name.clone()) });
        Ok((row, Some(event)))
    });
    Ok((created.await?, secret))
}

/// Changes an application. One that proves itself without a secret loses those it had; one that turns to a secret is
/// given none by that.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Stale`], [`Error::Invalid`], [`Error::Conflict`], [`Error::Forbidden`].
pub async fn update(
    ctx: &Context,
    registry: Registry,
    id: Uuid,
    expected: Option<i64>,
    patch: ApplicationIn,
) -> Result<Application, Error> {
    let (books, context) = (registry.clone(), ctx.clone());
    edit(ctx, registry, (id, expected), move |conn, row| {
        let (name, settings) = fields(row.name.clone(), &row.settings.0, patch)?;
        let mut changed = settings.differences(&row.settings.0);
        if name != row.name {
            changed.insert(0, "name");
        }
        if changed.is_empty() {
            return Ok(None);
        }
        check::check(&context, &books, &name, &settings)?;
        books.check_api(&settings)?;
        check::check_connections(conn, &books, &row.settings.0, &settings)?;
        if !settings.uses_secret() {
            row.secrets.0.clear();
        }
        (row.name_key, row.name, row.settings) = (name_key(&name), name, Json(settings));
        Ok(Some(Event::ApplicationUpdated(Change { id, fields: changed })))
    })
    .await
}

/// Deletes an application; what users let it have goes with it.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Stale`], [`Error::Forbidden`].
pub async fn delete(ctx: &Context, registry: Registry, id: Uuid, expected: Option<i64>) -> Result<(), Error> {
    let (books, stamp) = (registry.clone(), registry.stamp(ctx));
    let done = registry.write(ctx, stamp, move |conn| {
        let row = lock(conn, &books, id, expected)?;
        books.delete(conn, id)?;
        Ok(((), Some(Event::ApplicationDeleted(Subject { id, name: Some(row.name) }))))
    });
    done.await
}

/// Makes a new secret and says until when the others work. Gives the application, whose last secret is the new one, and
/// the secret, once.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Conflict`] `secret_not_used` or `limit_reached`, [`Error::Forbidden`].
pub async fn create_secret(
    ctx: &Context,
    registry: Registry,
    id: Uuid,
    input: ClientSecretIn,
) -> Result<(Application, SecretString), Error> {
    let stamp = registry.stamp(ctx);
    let (secret, kept) = new_secret(stamp.at);
    let end = stamp.at + Duration::hours(input.expire_others_in_hours);
    let done = edit(ctx, registry, (id, None), move |_, row| {
        if !row.settings.0.uses_secret() {
            let message = "the application's token_endpoint_auth_method does without a secret";
            return Err(Error::conflict("secret_not_used", message));
        }
        let secrets = &mut row.secrets.0;
        for other in secrets.iter_mut() {
            other.expires_at = Some(other.expires_at.map_or(end, |set| set.min(end)));
        }
        secrets.retain(|other| other.is_live(stamp.at));
        check_room(i64::try_from(secrets.len()).unwrap_or(i64::MAX), MAX_SECRETS)?;
        let event = Event::ApplicationSecretCreated(KeyOf { id: kept.id, owner_id: Some(id) });
        secrets.push(kept);
        Ok(Some(event))
    });
    Ok((done.await?, secret))
}

/// Takes a secret back, at once.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Stale`], [`Error::Forbidden`].
pub async fn revoke_secret(
    ctx: &Context,
    registry: Registry,
    id: Uuid,
    secret: Uuid,
    expected: Option<i64>,
) -> Result<(), Error> {
    let done = edit(ctx, registry, (id, expected), move |_, row| {
        let before = row.secrets.0.len();
        row.secrets.0.retain(|known| known.id != secret);
        if row.secrets.0.len() == before {
            return Err(Error::NotFound);
        }
        Ok(Some(Event::ApplicationSecretRevoked(KeyOf { id: secret, owner_id: Some(id) })))
    });
    done.await.map(drop)
}

/// Changes one application: found, at the version that the caller read, edited, written back, told. Without an event
/// nothing is written.
async fn edit<F>(
    ctx: &Context,
    registry: Registry,
    (id, expected): (Uuid, Option<i64>),
    work: F,
) -> Result<Application, Error>
where
    F: FnOnce(&mut PgConnection, &mut Application) -> Result<Option<Event>, Error> + Send + 'static,
{
    let (books, stamp) = (registry.clone(), registry.stamp(ctx));
    let done = registry.write(ctx, stamp, move |conn| {
        let mut row = lock(conn, &books, id, expected)?;
        let before = row.version;
        let event = work(conn, &mut row)?;
        if event.is_some() {
            (row.version, row.updated_at) = (before + 1, stamp.at);
            saved(books.save(conn, &row, before)?)?;
        }
        Ok((row, event))
    });
    done.await
}

/// The row, held until the transaction ends, when the caller may touch it.
fn lock(conn: &mut PgConnection, registry: &Registry, id: Uuid, expected: Option<i64>) -> Result<Application, Error> {
    let row = registry.lock(conn, id)?.ok_or(Error::NotFound)?;
    check_version(expected, row.version)?;
    registry.check_api(&row.settings.0)?;
    Ok(row)
}

/// Name and settings with what the document says merged in.
fn fields(
    name: String,
    settings: &ApplicationSettings,
    ApplicationIn(mut document): ApplicationIn,
) -> Result<(String, ApplicationSettings), Error> {
    let name = match document.remove("name") {
        None => name,
        Some(Value::String(name)) => name,
        Some(_) => return Err(Error::invalid("name", "must be a text")),
    };
    Ok((name, merged(settings, Value::Object(document), "")?))
}

fn new_secret(now: DateTime<Utc>) -> (SecretString, ClientSecret) {
    let (secret, hint) = token::new_client_secret();
    let hash = token::hash(secret.expose_secret());
    (secret, ClientSecret { id: Uuid::now_v7(), hash, hint, created_at: now, expires_at: None })
}

//! expiring_certificates: an audit event, and a letter to those who look after it, when a certificate of a SAML connection,
//! the provider's or our own, or a client secret has 60, 30, 7 or 1 days left; one for each of them.

use chrono::{DateTime, Utc};
use diesel::PgConnection;
use uuid::Uuid;

use crate::context::Context;
use crate::context::saml_provider::{idp_document, pinned};
use crate::flows::Error;
use crate::flows::post::post;
use crate::flows::write::write;
use crate::model::audit::{Actor, CertificateExpires, Event, SecretExpires, Stamp};
use crate::model::connection::{Connection, Settings};
use crate::model::delivery::Language;
use crate::model::email::EmailAddress;
use crate::model::letter::Letter;
use crate::model::role::Role;
use crate::model::saml_key::{KeyStatus, SamlKey};
use crate::protocol::saml::Certificate;
use crate::store::{certificate_notices, connections, saml_keys, tenants, users};

/// With so many days left it is told.
const DAYS: [i16; 4] = [1, 7, 30, 60];

/// Whole days from `now` until a certificate ends; negative afterwards.
#[must_use]
pub fn days_left(not_after: DateTime<Utc>, now: DateTime<Utc>) -> i64 {
    (not_after - now).num_seconds().div_euclid(86_400)
}

/// Looks at the certificates of a connection and tells what was not told yet.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Unavailable`].
pub async fn tell(ctx: &Context, tenant: Uuid, connection: Uuid) -> Result<(), Error> {
    let found = ctx.db.tenant(tenant, move |conn| {
        let row = connections::find(conn, tenant, connection)?.ok_or(Error::NotFound)?;
        Ok::<_, Error>((row, saml_keys::of_connection(conn, tenant, connection)?))
    });
    let (row, keys) = found.await?;
    tell_of_secret(ctx, &row).await?;
    let now = ctx.clock.now();
    for (owner, certificate) in certificates(&row, &keys) {
        let days_left = days_left(certificate.not_after(), now);
        let Some(days) = threshold(days_left) else { continue };
        let (sha256, not_after) = (certificate.sha256(), certificate.not_after());
        let stamp = Stamp { actor: Actor::System, request_id: None, at: now };
        let (context, name) = (ctx.clone(), row.display_name.clone());
        let told = write(ctx, tenant, stamp, move |conn| {
            let first = certificate_notices::note(conn, tenant, (connection, &sha256), days, now)?;
            if first {
                post_to_contacts(
                    conn,
                    &context,
                    tenant,
                    &Letter::CertificateExpires { connection: name, days_left, not_after },
                )?;
            }
            let event = CertificateExpires { connection_id: connection, owner, sha256, not_after, days_left };
            Ok((first, first.then_some(Event::ConnectionCertificateExpires(event))))
        });
        if told.await? {
            tracing::warn!(%tenant, %connection, owner, days_left, "a certificate expires");
        }
    }
    Ok(())
}

/// The lowest threshold that was reached, if any was.
fn threshold(days_left: i64) -> Option<i16> {
    DAYS.into_iter().find(|days| days_left <= i64::from(*days))
}

/// The same of the client secret, by what an admin said.
async fn tell_of_secret(ctx: &Context, row: &Connection) -> Result<(), Error> {
    let Some(not_after) = row.client_secret_expires_at.filter(|_| row.client_secret.is_some()) else { return Ok(()) };
    let now = ctx.clock.now();
    let days_left = days_left(not_after, now);
    let Some(days) = threshold(days_left) else { return Ok(()) };
    let (tenant, connection, name, context) = (row.tenant_id, row.id, row.display_name.clone(), ctx.clone());
    let stamp = Stamp { actor: Actor::System, request_id: None, at: now };
    let told = write(ctx, tenant, stamp, move |conn| {
        let mark = format!("client_secret {not_after}");
        let first = certificate_notices::note(conn, tenant, (connection, &mark), days, now)?;
        if first {
            post_to_contacts(
                conn,
                &context,
                tenant,
                &Letter::SecretExpires { connection: name, days_left, not_after },
            )?;
        }
        let event = SecretExpires { connection_id: connection, not_after, days_left };
        Ok((first, first.then_some(Event::ConnectionSecretExpires(event))))
    });
    if told.await? {
        tracing::warn!(%tenant, %connection, days_left, "a client secret expires");
    }
    Ok(())
}

/// To the tenant's technical contacts; where it named none, to its owners.
fn post_to_contacts(conn: &mut PgConnection, ctx: &Context, tenant: Uuid, letter: &Letter) -> Result<(), Error> {
    let contacts = tenants::find(conn, tenant)?.ok_or(Error::NotFound)?.technical_contacts;
    let contacts = if contacts.is_empty() { users::addresses_of(conn, tenant, &[Role::Owner])? } else { contacts };
    for address in contacts.iter().filter_map(|text| EmailAddress::parse(text).ok()) {
        post(conn, ctx, tenant, (&address, Language::English), letter, None)?;
    }
    Ok(())
}

/// The certificates that matter, each with whose it is.
fn certificates(row: &Connection, keys: &[SamlKey]) -> Vec<(&'static str, Certificate)> {
    let Settings::Saml(settings) = &row.settings.0 else { return Vec::new() };
    let document = idp_document(row);
    let provider = pinned(settings, document.as_ref()).iter().map(|pem| ("provider", pem));
    let used = keys.iter().filter(|key| key.status != KeyStatus::Previous);
    let all = provider.chain(used.map(|key| ("own", &key.certificate)));
    all.filter_map(|(owner, pem)| Some((owner, Certificate::parse(pem).ok()?))).collect()
}

//! manage_operators: keys of those who run the installation.

use chrono::{DateTime, Utc};
use garde::Validate;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::context::Context;
use crate::flows::Error;
use crate::model::audit::{Event, KeyOf, Stamp};
use crate::model::operator::OperatorKey;
use crate::model::text::valid_name;
use crate::secrets::token::{self, KeyKind};
use crate::store::{audit_events, operators};

/// An operator's key to create.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OperatorKeyIn {
    /// Who or what will hold it.
    #[garde(custom(valid_name))]
    pub name: String,
    /// When it stops working; never when absent.
    #[garde(skip)]
    pub expires_at: Option<DateTime<Utc>>,
}

/// Creates a key and gives its secret, once.
///
/// # Errors
/// [`Error::Invalid`], [`Error::Unavailable`].
pub async fn create_key(
    ctx: &Context,
    stamp: Stamp,
    input: OperatorKeyIn,
) -> Result<(OperatorKey, SecretString), Error> {
    if input.expires_at.is_some_and(|at| at <= stamp.at) {
        return Err(Error::invalid("expires_at", "must be in the future"));
    }
    let (secret, hint) = token::new_key(KeyKind::Operator);
    let key = OperatorKey {
        id: Uuid::now_v7(),
        name: input.name,
        secret_hash: token::hash(secret.expose_secret()),
        hint,
        expires_at: input.expires_at,
        revoked_at: None,
        last_used_at: None,
        created_at: stamp.at,
    };
    let created = key.clone();
    let done = ctx.db.system(move |conn| {
        operators::insert(conn, &key)?;
        let event = Event::OperatorKeyCreated(KeyOf { id: key.id, owner_id: None });
        Ok::<_, Error>(audit_events::insert_operator(conn, &stamp.operator_event(&event))?)
    });
    done.await?;
    Ok((created, secret))
}

/// Revokes a key.
///
/// # Errors
/// [`Error::NotFound`] (also when it is revoked already).
pub async fn revoke_key(ctx: &Context, stamp: Stamp, id: Uuid) -> Result<(), Error> {
    let done = ctx.db.system(move |conn| {
        if !operators::revoke(conn, id, stamp.at)? {
            return Err(Error::NotFound);
        }
        let event = Event::OperatorKeyRevoked(KeyOf { id, owner_id: None });
        audit_events::insert_operator(conn, &stamp.operator_event(&event))?;
        Ok(())
    });
    done.await
}

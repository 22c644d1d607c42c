//! post: puts a letter into the outbox, in the transaction of what causes it. A worker sends it (`deliver`).

use chrono::{DateTime, Utc};
use diesel::PgConnection;
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use crate::context::Context;
use crate::flows::Error;
use crate::model::delivery::{Delivery, DeliveryState, Language, PATIENCE};
use crate::model::email::EmailAddress;
use crate::model::json::Json;
use crate::model::letter::Letter;
use crate::secrets::sealed::Place;
use crate::store::deliveries;

/// Where the sealed link of a delivery lives.
#[must_use]
pub const fn place_of_link(tenant: Uuid, delivery: Uuid) -> Place {
    Place { tenant, table: "deliveries", row: delivery, column: "link" }
}

/// Writes the outbox row of a letter to `to`; gives its id. `link` is the whole URL, secret included: it is sealed, and
/// wiped when the letter is sent or given up. Nothing is sent if the transaction is rolled back.
///
/// # Errors
/// [`Error::Unavailable`].
pub fn post(
    conn: &mut PgConnection,
    ctx: &Context,
    tenant: Uuid,
    (to, language): (&EmailAddress, Language),
    letter: &Letter,
    link: Option<&SecretString>,
) -> Result<Uuid, Error> {
    let (id, now) = (Uuid::now_v7(), ctx.clock.now());
    let seal = |link: &SecretString| ctx.sealer.seal(place_of_link(tenant, id), link.expose_secret().as_bytes());
    let row = Delivery {
        tenant_id: tenant,
        id,
        kind: letter.kind().to_owned(),
        recipient: to.address.clone(),
        language,
        content: Json(letter.clone()),
        link: link.map(seal),
        state: DeliveryState::Pending,
        attempts: 0,
        due_at: now,
        leased_until: None,
        last_error: None,
        created_at: now,
        finished_at: None,
        give_up_at: now + PATIENCE,
    };
    deliveries::insert(conn, tenant, &row)?;
    Ok(id)
}

/// Takes a letter back whose link is void, when it did not go yet; one that a worker has in hand goes.
///
/// # Errors
/// [`Error::Unavailable`].
pub fn take_back(conn: &mut PgConnection, tenant: Uuid, id: Uuid, now: DateTime<Utc>) -> Result<(), Error> {
    let waits =
        |row: &Delivery| row.state == DeliveryState::Pending && row.leased_until.is_none_or(|until| until <= now);
    if deliveries::lock(conn, tenant, id)?.is_some_and(|row| waits(&row)) {
        deliveries::cancel(conn, tenant, id, now)?;
    }
    Ok(())
}

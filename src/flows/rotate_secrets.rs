//! rotate_secrets: seals everything again with the first sealing key, while the server serves. Can be stopped and run
//! again at any point: each value is replaced only where it still is what was read.

use secrecy::ExposeSecret;
use uuid::Uuid;

use crate::context::Context;
use crate::flows::Error;
use crate::secrets::sealed::{Place, SealError, Sealer};
use crate::store::sealing::{self, SEALED_COLUMNS};

/// Values of one transaction.
const BATCH: i64 = 200;

/// Passes after which somebody else is clearly still sealing with an older key.
const PASSES: usize = 5;

/// The text that proves a sealing key.
const KNOWN: &[u8] = b"doorward";

fn known_place() -> Place {
    Place { tenant: Uuid::nil(), table: "sealing_checks", row: Uuid::nil(), column: "sealed" }
}

/// Proves at start that the sealing keys are the ones that this database was sealed with, and adds the proof of the
/// first one when it is new.
///
/// # Errors
/// [`Error::Conflict`] `sealing_key_wrong` or `sealing_key_missing`, with the key's id.
pub async fn check_keys(ctx: &Context) -> Result<(), Error> {
    let checks = ctx.db.system(|conn| Ok::<_, Error>(sealing::checks(conn)?)).await?;
    for (key_id, sealed) in &checks {
        match ctx.sealer.open(known_place(), sealed) {
            Ok(_) => {}
            Err(SealError::UnknownKey(_)) => {
                let message =
                    format!("this database holds secrets sealed with key `{key_id}`, which is not configured");
                return Err(Error::conflict("sealing_key_missing", message));
            }
            Err(_) => {
                let message = format!("the sealing key `{key_id}` is not the one that this database was sealed with");
                return Err(Error::conflict("sealing_key_wrong", message));
            }
        }
    }
    let first = ctx.sealer.key_ids()[0].to_owned();
    if !checks.iter().any(|(id, _)| *id == first) {
        let sealed = ctx.sealer.seal(known_place(), KNOWN);
        ctx.db.system(move |conn| Ok::<_, Error>(sealing::add_check(conn, &first, &sealed)?)).await?;
    }
    Ok(())
}

/// Seals everything with the first key; tells how many values were sealed anew. Afterwards older keys may be removed.
///
/// # Errors
/// [`Error::Internal`] for a value that does not open, [`Error::Conflict`] `sealing_key_in_use`, [`Error::Unavailable`].
pub async fn rotate(ctx: &Context) -> Result<usize, Error> {
    let mut renewed = 0;
    // Somebody may have sealed with an older key while a pass went by; the last pass finds nothing.
    for round in 1.. {
        match pass(ctx).await? {
            0 => break,
            _ if round == PASSES => {
                let message =
                    "a server still seals with an older key: give every server the new key first, then rotate again";
                return Err(Error::conflict("sealing_key_in_use", message));
            }
            some => renewed += some,
        }
    }
    let first = ctx.sealer.key_ids()[0].to_owned();
    ctx.db.system(move |conn| Ok::<_, Error>(sealing::drop_checks_except(conn, &first)?)).await?;
    Ok(renewed)
}

/// Looks at every sealed value once; tells how many were sealed anew.
async fn pass(ctx: &Context) -> Result<usize, Error> {
    let mut renewed = 0;
    for (table, column) in SEALED_COLUMNS {
        let mut after = (Uuid::nil(), Uuid::nil());
        loop {
            let sealer = ctx.sealer.clone();
            let batch = ctx.db.system(move |conn| {
                let values = sealing::batch(conn, table, column, after, BATCH)?;
                let last = values.last().map(|v| (v.tenant_id, v.id));
                let mut renewed = 0;
                for value in &values {
                    if let Some(new) = reseal(&sealer, table, column, value)? {
                        renewed += sealing::replace(conn, table, column, value, &new)?;
                    }
                }
                Ok::<_, Error>((last, renewed))
            });
            let (last, count) = batch.await?;
            renewed += count;
            let Some(last) = last else { break };
            after = last;
        }
    }
    Ok(renewed)
}

fn reseal(
    sealer: &Sealer,
    table: &'static str,
    column: &'static str,
    value: &sealing::SealedValue,
) -> Result<Option<Vec<u8>>, Error> {
    if sealer.is_current(&value.value) {
        return Ok(None);
    }
    let place = Place { tenant: value.tenant_id, table, row: value.id, column };
    let plain = sealer.open(place, &value.value)?;
    Ok(Some(sealer.seal(place, plain.expose_secret())))
}

//! first_proof: somebody proves the address of a user who was there before. Whoever was given a password or a key for that
//! user until then need not be the same person (L-08: an account that is made ready in somebody else's name). That holds
//! for the codes of a second step too: whoever has them would keep the person out.

use chrono::{DateTime, Utc};
use diesel::PgConnection;
use uuid::Uuid;

use crate::flows::Error;
use crate::store::{
    api_keys, break_glass_codes, changes, consents, identities, local_credentials, recovery_codes, sessions,
    totp_secrets,
};

/// Ends the user's sessions with what applications were given in them, takes the password and the second step away, revokes
/// the API keys, withdraws break-glass codes and forgets consents. Tells whether there was anything.
///
/// # Errors
/// [`Error`] of the database.
pub fn clear(conn: &mut PgConnection, tenant: Uuid, user: Uuid, now: DateTime<Utc>) -> Result<bool, Error> {
    let sessions = sessions::end_of_user(conn, tenant, user, "address_proven", now)?;
    let password = local_credentials::delete(conn, tenant, user)?;
    let second_step = totp_secrets::delete(conn, tenant, user)?;
    let recovery = recovery_codes::delete_of_user(conn, tenant, user)?;
    let keys = api_keys::revoke_of_user(conn, tenant, user, now)?;
    let codes = break_glass_codes::delete_of_user(conn, tenant, user)?;
    let consents = consents::delete_of_user(conn, tenant, user)?;
    let any = password || second_step || sessions + recovery + keys + codes + consents > 0;
    if any {
        changes::note(conn, tenant)?; // W-04: every instance may hold them in memory
    }
    Ok(any)
}

/// Unlinks every identity but `kept`: whoever linked one before a letter of ours came to the person may have linked their
/// own. Tells whether there was any.
///
/// # Errors
/// [`Error`] of the database.
pub fn unlink_others(conn: &mut PgConnection, tenant: Uuid, user: Uuid, kept: Option<Uuid>) -> Result<bool, Error> {
    let any = identities::delete_others(conn, tenant, user, kept)? > 0;
    if any {
        changes::note(conn, tenant)?;
    }
    Ok(any)
}

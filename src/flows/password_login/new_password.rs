//! A password that must be changed: whoever knew it chooses another one, and is signed in by that.

use chrono::{DateTime, Duration, Utc};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::context::Context;
use crate::context::caches::TenantCache;
use crate::flows::password_login::{Arrival, Ending, Passed, check_allowed, device, open, usable};
use crate::flows::{Error, carried};
use crate::model::audit::Event;
use crate::model::local_credential::LocalCredential;
use crate::model::password::Unfit;
use crate::secrets::argon::Match;
use crate::store::{audit_events, changes, local_credentials, sessions};

/// How long a proof is good, in minutes.
const PROOF_MINUTES: i64 = 10;
/// What it is sealed for.
const PROOF: &str = "password change";

/// That this password was right; sealed.
#[derive(Serialize, Deserialize)]
struct RightPassword {
    user: Uuid,
    /// Whichever comes after it, has another id; so the proof is good once.
    password: Uuid,
    /// Whether a code was right too.
    #[serde(default)]
    second: bool,
    until: DateTime<Utc>,
}

/// What the form sends.
pub struct NewPassword {
    /// What [`Ending::MustChange`] gave.
    pub proof: String,
    /// The password that was chosen.
    pub password: SecretString,
}

/// Proves that somebody knew this password just now, and whether they had a code too.
///
/// # Errors
/// [`Error::Internal`] when it cannot be written down.
pub fn prove(ctx: &Context, credential: &LocalCredential, second: bool) -> Result<SecretString, Error> {
    let until = ctx.clock.now() + Duration::minutes(PROOF_MINUTES);
    let right = RightPassword { user: credential.user_id, password: credential.password_id, second, until };
    carried::write(ctx, credential.tenant_id, PROOF, &right)
}

/// Sets the password that was chosen, ends every session that the old one opened, and signs in.
///
/// # Errors
/// As [`super::sign_in`]; [`Error::Forbidden`] `password_change_expired` when the proof is none, or good no longer.
pub async fn choose(
    ctx: &Context,
    tenant: &TenantCache,
    chosen: NewPassword,
    arrival: &Arrival,
) -> Result<Ending, Error> {
    check_allowed(ctx, tenant)?;
    let (id, now) = (tenant.tenant.id, ctx.clock.now());
    let right: Option<RightPassword> = carried::read(ctx, id, PROOF, &chosen.proof);
    let right = right.filter(|right| right.until > now).ok_or_else(expired)?;
    let found = usable(ctx, id, right.user).await?;
    let found = found.filter(|(_, old)| old.password_id == right.password && old.must_change);
    let (user, old) = found.ok_or_else(expired)?;
    let password = match ctx.hasher.read_new(&chosen.password, &user, &tenant.tenant).await? {
        Ok(password) => password,
        Err(unfit) => return Ok(Ending::Unfit(unfit)),
    };
    if ctx.hasher.verify(id, password.clone(), Some(old.password_hash)).await? != Match::Wrong {
        return Ok(Ending::Unfit(Unfit::Unchanged));
    }
    let hash = ctx.hasher.hash(id, password).await?;
    let devices = device::read(ctx, id, arrival.device_cookie.as_deref());
    let stamp = arrival.visitor.stamp(ctx);
    let signed_in = open(ctx, user, arrival, (&devices, Passed::of(right.second)), move |conn| {
        if !local_credentials::change(conn, id, (right.user, right.password), &hash, stamp.at)? {
            return Ok(false);
        }
        sessions::end_of_user(conn, id, right.user, "password_changed", stamp.at)?;
        changes::note(conn, id)?;
        let event = Event::UserPasswordChanged { id: right.user };
        audit_events::insert(conn, id, &stamp.event(id, &event))?;
        Ok(true)
    });
    let signed_in = signed_in.await?.ok_or_else(expired)?; // or somebody was faster with the same proof
    ctx.caches.forget(id);
    Ok(Ending::SignedIn(signed_in))
}

fn expired() -> Error {
    Error::forbidden("password_change_expired", "the password was not changed in time; sign in again")
}

//! second_step: the password was right, and the account asks for a code too. Until that is right nobody is signed in: a
//! sealed cookie holds, in this browser alone and for ten minutes, that the first step was taken.
//!
//! 1. `begin`, after the password: the cookie, when the account has a second step;
//! 2. [`finish`]: the cookie, and the account as it is now; count the try; hold the code against the secret, or against
//!    the recovery codes; in the transaction that opens the session it is used up, so that it is good once. A right
//!    recovery code opens at the limit all the same: of 2^80 there is nothing to guess, and who found out the password
//!    must not lock its owner out.

use chrono::{DateTime, Duration, Utc};
use diesel::PgConnection;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::context::Context;
use crate::context::caches::TenantCache;
use crate::flows::manage_totp::secret_place;
use crate::flows::password_login::{
    Arrival, Ending, Passed, WRONG_CODE, check_allowed, device, new_password, open, refuse, throttle, usable,
};
use crate::flows::{Error, carried, limits};
use crate::model::audit::{Event, Stamp};
use crate::model::local_credential::LocalCredential;
use crate::model::totp::TotpSecret;
use crate::model::user::User;
use crate::secrets::{recovery_code, totp};
use crate::store::db::DbError;
use crate::store::{audit_events, local_credentials, recovery_codes, totp_secrets};

/// How long the first step counts, in minutes.
pub const HALF_LOGIN_MINUTES: i64 = 10;
/// What the cookie is sealed for.
const COOKIE: &str = "first step";

/// That this password was right in this browser; sealed.
#[derive(Serialize, Deserialize)]
struct HalfLogin {
    user: Uuid,
    /// Whichever comes after it, has another id.
    password: Uuid,
    /// Likewise.
    totp: Uuid,
    until: DateTime<Utc>,
}

/// What came with the form of the second step.
pub struct SecondStep {
    /// The code, or a recovery code.
    pub code: SecretString,
    /// What [`Ending::CodeNeeded`] gave.
    pub half: Option<String>,
}

/// A code that is right, to be used up.
enum Right {
    /// Of the app: which secret, and the step of time.
    Code { secret: Uuid, step: i64 },
    /// A recovery code, perhaps: its hash.
    Recovery(Vec<u8>),
}

impl Right {
    /// Whether there is nothing to guess, however often it is tried.
    const fn is_long(&self) -> bool {
        matches!(self, Self::Recovery(_))
    }
}

/// What the browser shall hold when the account asks for a code; nothing when it does not. `renewed` is the new hash of the
/// same password, if there is one: only now is the password here.
///
/// # Errors
/// [`Error::Unavailable`].
pub(super) async fn begin(
    ctx: &Context,
    credential: &LocalCredential,
    renewed: Option<String>,
) -> Result<Option<SecretString>, Error> {
    let (tenant, user, password) = (credential.tenant_id, credential.user_id, credential.password_id);
    let active = ctx.db.tenant(tenant, move |conn| {
        let active = totp_secrets::active(conn, tenant, user)?;
        if active.is_some() && renewed.is_some() {
            local_credentials::hold(conn, tenant, (user, password), renewed.as_deref())?;
        }
        Ok::<_, DbError>(active)
    });
    let Some(active) = active.await? else { return Ok(None) };
    let until = ctx.clock.now() + Duration::minutes(HALF_LOGIN_MINUTES);
    let half = HalfLogin { user, password, totp: active.id, until };
    carried::write(ctx, tenant, COOKIE, &half).map(Some)
}

/// Signs in whoever took the first step in this browser and has the code.
///
/// # Errors
/// As [`super::sign_in`]; [`Error::Forbidden`] `second_step_expired` when the first step was not taken here, or counts no
/// longer.
pub async fn finish(
    ctx: &Context,
    tenant: &TenantCache,
    given: SecondStep,
    arrival: &Arrival,
) -> Result<Ending, Error> {
    check_allowed(ctx, tenant)?;
    let (id, now) = (tenant.tenant.id, ctx.clock.now());
    let half = given.half.and_then(|cookie| carried::read::<HalfLogin>(ctx, id, COOKIE, &cookie));
    let half = half.filter(|half| half.until > now).ok_or_else(expired)?;
    let (user, credential, secret) = still(ctx, id, &half).await?.ok_or_else(expired)?;
    let devices = device::read(ctx, id, arrival.device_cookie.as_deref());
    let mine = device::of_user_since(&devices, user.id, secret.confirmed_at.unwrap_or(now));
    let counted = throttle::count_code(ctx, id, user.id, mine).await;
    let right = right(ctx, &secret, &given.code, now)?.filter(|right| counted.is_ok() || right.is_long());
    let ended = match right {
        Some(right) => go_on(ctx, (user.clone(), credential), right, (arrival, &devices)).await?,
        None => None,
    };
    let Some(ended) = ended else {
        let told = (counted?[0].hits == 1).then_some(user);
        refuse(ctx, id, arrival, (told, WRONG_CODE)).await?;
        return Ok(Ending::WrongCode);
    };
    for counted in counted.into_iter().flatten() {
        limits::take_back(ctx, counted).await?;
    }
    Ok(ended)
}

/// Uses the code up, and signs in or asks for another password first; `None` when it was used up by now.
async fn go_on(
    ctx: &Context,
    (user, credential): (User, LocalCredential),
    right: Right,
    (arrival, devices): (&Arrival, &[device::Known]),
) -> Result<Option<Ending>, Error> {
    let (id, user_id, stamp) = (user.tenant_id, user.id, arrival.visitor.stamp(ctx));
    if credential.must_change {
        let used = ctx.db.tenant(id, move |conn| use_up(conn, (id, user_id), &right, &stamp)).await?;
        let proof = new_password::prove(ctx, &credential, true)?;
        return Ok(used.then_some(Ending::MustChange { proof }));
    }
    let password = (user_id, credential.password_id);
    let signed_in = open(ctx, user, arrival, (devices, Passed::BothSteps), move |conn| {
        Ok(local_credentials::hold(conn, id, password, None)? && use_up(conn, (id, user_id), &right, &stamp)?)
    });
    Ok(signed_in.await?.map(Ending::SignedIn))
}

/// Who took the first step, when nothing of it has changed since.
async fn still(
    ctx: &Context,
    tenant: Uuid,
    half: &HalfLogin,
) -> Result<Option<(User, LocalCredential, TotpSecret)>, Error> {
    let (user, wanted) = (half.user, half.totp);
    let found = usable(ctx, tenant, user).await?.filter(|(_, credential)| credential.password_id == half.password);
    let active = ctx.db.tenant(tenant, move |conn| Ok::<_, DbError>(totp_secrets::active(conn, tenant, user)?));
    let active = active.await?.filter(|secret| secret.id == wanted);
    Ok(found.zip(active).map(|((user, credential), secret)| (user, credential, secret)))
}

/// What the text is: a code that fits and was not used yet, or something in the form of a recovery code.
fn right(ctx: &Context, row: &TotpSecret, typed: &SecretString, now: DateTime<Utc>) -> Result<Option<Right>, Error> {
    let typed = typed.expose_secret();
    if let Some(digits) = totp::digits(typed) {
        let secret = ctx.sealer.open(secret_place(row.tenant_id, row.id), &row.secret)?;
        let step = totp::step_of(&secret, &digits, now, row.last_step);
        return Ok(step.map(|step| Right::Code { secret: row.id, step }));
    }
    Ok(recovery_code::hash(row.user_id, typed).map(Right::Recovery))
}

/// Uses the code up; tells whether it still was one.
fn use_up(conn: &mut PgConnection, (tenant, user): (Uuid, Uuid), right: &Right, stamp: &Stamp) -> Result<bool, Error> {
    match right {
        Right::Code { secret, step } => Ok(totp_secrets::use_step(conn, tenant, *secret, *step)?),
        Right::Recovery(hash) => {
            let taken = recovery_codes::take(conn, tenant, user, hash)?;
            if taken {
                let left = recovery_codes::count(conn, tenant, user)?;
                let event = Event::UserRecoveryCodeUsed { id: user, left };
                audit_events::insert(conn, tenant, &stamp.event(tenant, &event))?;
            }
            Ok(taken)
        }
    }
}

fn expired() -> Error {
    Error::forbidden("second_step_expired", "the code did not come in time; sign in again")
}

//! break_glass: an owner comes in by a code on paper, while `sso` is enforced and the provider does not let them in. In
//! order:
//!
//! 1. count the try, by address (K-08);
//! 2. one transaction: whose address it is, and whether this is an unused code of that active owner; the same queries
//!    whoever it is about (K-11, L-22). If so: the code is used up, session for an hour, audit event, letters to owners;
//! 3. otherwise the same refusal for everybody, counted by account too. A right code opens at the account's limit all the
//!    same: of 2^140 there is nothing to guess, and strangers must not lock the emergency exit.

use std::net::IpAddr;

use chrono::Duration;
use diesel::PgConnection;
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use crate::context::Context;
use crate::context::caches::TenantCache;
use crate::flows::limits::{self, Limit};
use crate::flows::open_session::{self, NewSession, Proof, Visitor};
use crate::flows::provision::Provisioned;
use crate::flows::{Error, enforce_sso, ways_in};
use crate::model::audit::{Event, LoginMethod, LoginRefused};
use crate::model::email::EmailAddress;
use crate::model::letter::Letter;
use crate::model::role::{AccountStatus, Role};
use crate::model::tenant::Tenant;
use crate::model::text::tamed;
use crate::model::user::User;
use crate::secrets::{code, token};
use crate::store::{Versioned, audit_events, break_glass_codes, users};

/// The reason of a refusal; it says nothing about the person.
pub const WRONG: &str = "break_glass_wrong";

/// A window, in seconds.
const WINDOW: u32 = 900;
/// Failures of one address in a window.
pub const PER_ADDRESS: u32 = 20;
/// Failures at one account in a window, from all addresses together.
pub const PER_ACCOUNT: u32 = 20;
/// How long a session lasts that was opened so: to mend the connection, or to let passwords in again.
const SESSION_HOURS: i64 = 1;

/// Whether codes open anything here: only where nothing else but connections does.
///
/// # Errors
/// [`Error::Forbidden`] `tenant_suspended` or `break_glass_closed`.
pub fn check_open(ctx: &Context, tenant: &Tenant) -> Result<(), Error> {
    ways_in::check(tenant, LoginMethod::BreakGlass, ctx.clock.now())
}

/// Signs an owner in by address and code. Gives the session cookie's value; `None`: refused, as [`WRONG`].
///
/// # Errors
/// As [`check_open`]; [`Error::RateLimited`]; [`Error::Unavailable`].
pub async fn sign_in(
    ctx: &Context,
    tenant: &TenantCache,
    (address, typed): (&str, &SecretString),
    visitor: &Visitor,
) -> Result<Option<SecretString>, Error> {
    check_open(ctx, &tenant.tenant)?;
    let id = tenant.tenant.id;
    // What is no address is nobody's: no key holds a blank.
    let key = EmailAddress::parse(address).map_or_else(|_| format!("? {}", tamed(address, 254)), |email| email.key);
    let counted = limits::check_each(ctx, by_address(visitor.ip), WINDOW).await?;
    let by_account = Limit { what: format!("break-glass/account/{id}/{key}"), max: PER_ACCOUNT };
    let account = limits::check_each(ctx, vec![by_account], WINDOW).await;

    let tried = Tried { key, hash: token::hash(code::typed(typed).expose_secret()) };
    match open(ctx, id, tried, visitor).await? {
        Outcome::Opened(token) => {
            limits::take_back(ctx, counted).await?;
            if let Ok(counted) = account {
                limits::take_back(ctx, counted).await?;
            }
            open_session::announce(ctx, id, visitor, false);
            metrics::counter!("doorward_break_glass_used_total").increment(1);
            tracing::warn!(tenant = %id, "an owner came in by a break-glass code");
            Ok(Some(token))
        }
        Outcome::Wrong(named) => {
            account?;
            refuse(ctx, id, visitor, named).await?;
            Ok(None)
        }
    }
}

/// What somebody sent.
struct Tried {
    key: String,
    hash: Vec<u8>,
}

/// What came of it.
enum Outcome {
    /// A session; the cookie's value.
    Opened(SecretString),
    /// Nothing. Whose address it is, for the audit log.
    Wrong(Option<Uuid>),
}

fn by_address(ip: Option<IpAddr>) -> Vec<Limit> {
    let limit = |address: String| Limit { what: format!("break-glass/address/{address}"), max: PER_ADDRESS };
    ip.map(|ip| limit(limits::address_bucket(ip))).into_iter().collect()
}

async fn open(ctx: &Context, tenant: Uuid, tried: Tried, visitor: &Visitor) -> Result<Outcome, Error> {
    let now = ctx.clock.now();
    let method = LoginMethod::BreakGlass;
    let amr = vec![method.to_string()]; // RFC 8176 has no name for it
    let proof = Proof { ends_at: Some(now + Duration::hours(SESSION_HOURS)), ..Proof::here(method, amr, now) };
    let (session, token) = NewSession::prepare(ctx, tenant, visitor, proof)?;
    let to_tell = ctx.clone();
    let opened = ctx.db.tenant(tenant, move |conn| {
        let named = users::find_by_email_key(conn, tenant, &tried.key)?.map(|user| user.id);
        let found = break_glass_codes::find_good(conn, tenant, (&tried.key, &tried.hash))?;
        let Some((code, owner)) = found else { return Ok(Err(named)) };
        let Some(user) = take(conn, &to_tell, tenant, (code, owner))? else { return Ok(Err(named)) };
        let by = user.name.clone().or_else(|| user.email.clone()).unwrap_or_default();
        session.store(conn, &Provisioned::as_known(user))?;
        let letter = Letter::BreakGlassUsed { by, at: now };
        enforce_sso::tell(conn, &to_tell, tenant, &[Role::Owner], &letter)?;
        Ok::<_, Error>(Ok(()))
    });
    Ok(match opened.await? {
        Ok(()) => Outcome::Opened(token),
        Err(named) => Outcome::Wrong(named),
    })
}

/// Uses the code up, when everything that it needs is still so: of many who come with it at once, one gets the owner.
fn take(
    conn: &mut PgConnection,
    ctx: &Context,
    tenant: Uuid,
    (code, owner): (Uuid, Uuid),
) -> Result<Option<User>, Error> {
    let now = ctx.clock.now();
    let user = User::lock(conn, tenant, owner)?;
    let user = user.filter(|user| user.role == Role::Owner && user.status == AccountStatus::Active);
    let Some(user) = user else { return Ok(None) };
    if !break_glass_codes::take(conn, tenant, code, now)? {
        return Ok(None);
    }
    users::touch_login(conn, tenant, owner, now)?;
    Ok(Some(user))
}

/// Tells the first failure of a window in the tenant's audit log, whoever it is about, so that it takes the same time for
/// everybody; all are counted.
async fn refuse(ctx: &Context, tenant: Uuid, visitor: &Visitor, named: Option<Uuid>) -> Result<(), Error> {
    metrics::counter!("doorward_logins_refused_total", "reason" => WRONG).increment(1);
    let failures = Limit { what: format!("break-glass/tenant/{tenant}"), max: u32::MAX };
    if limits::check_each(ctx, vec![failures], WINDOW).await?.hits > 1 {
        return Ok(());
    }
    let refused = LoginRefused {
        method: LoginMethod::BreakGlass,
        connection_id: None,
        reason: WRONG.to_owned(),
        detail: None,
        user_id: named,
    };
    let event = visitor.stamp(ctx).event(tenant, &Event::LoginRefused(refused));
    ctx.db.tenant(tenant, move |conn| Ok::<_, Error>(audit_events::insert(conn, tenant, &event).map(drop)?)).await
}

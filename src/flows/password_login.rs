//! password_login: from an address and a password to a session. In order:
//!
//! 1. look the person up; nobody, somebody suspended and somebody without a password go the same way on (K-11, L-22);
//! 2. `throttle`: count the try, by the browser if it is known (`device`), else by address and account;
//! 3. hold the password against the hash, or against nobody's;
//! 4. where the account asks for a code, `second_step`: until that is right nobody is signed in;
//! 5. one transaction: the password is still the one that was checked, session, audit event. A password that must be
//!    changed leads to `new_password` instead, with a proof that this one was right.

mod device;
mod invited;
mod new_password;
mod second_step;
mod throttle;

use diesel::PgConnection;
use secrecy::SecretString;
use uuid::Uuid;

use crate::context::Context;
use crate::context::caches::TenantCache;
use crate::flows::open_session::{self, NewSession, Proof, SECOND_STEP, Visitor};
use crate::flows::provision::Provisioned;
use crate::flows::{Error, limits, ways_in};
use crate::model::audit::{Event, LoginMethod, LoginRefused};
use crate::model::email::EmailAddress;
use crate::model::local_credential::LocalCredential;
use crate::model::password::{Password, Unfit};
use crate::model::role::AccountStatus;
use crate::model::text::tamed;
use crate::model::user::User;
use crate::secrets::argon::Match;
use crate::store::db::DbError;
use crate::store::{audit_events, local_credentials, users};

pub use device::{DEVICE_DAYS, remembered};
pub use invited::accept;
pub use new_password::{NewPassword, choose};
pub use second_step::{HALF_LOGIN_MINUTES, SecondStep, finish};
pub use throttle::{count_own, count_own_code};

/// The reason of a refusal; it says nothing about the person.
pub const WRONG: &str = "credentials_wrong";
/// The reason when the password was right, and the code was not.
pub const WRONG_CODE: &str = "code_wrong";

/// What came with the form.
pub struct Arrival {
    /// The browser.
    pub visitor: Visitor,
    /// Its device cookie of this tenant: which accounts it has signed in to.
    pub device_cookie: Option<String>,
    /// Hash of the token of the invitation that is to be accepted by the login.
    pub invitation: Option<Vec<u8>>,
}

/// How a login by password ended.
pub enum Ending {
    /// Signed in.
    SignedIn(Box<SignedIn>),
    /// The password was right, and the account asks for a code too.
    CodeNeeded {
        /// What proves the first step in this browser, for ten minutes: a cookie's value.
        half: SecretString,
    },
    /// The code was wrong; another one may be tried.
    WrongCode,
    /// The password was right, and another one must be chosen now.
    MustChange {
        /// What proves that, to be sent back with the new one; for ten minutes, once.
        proof: SecretString,
    },
    /// The new password breaks this rule; the proof stays good.
    Unfit(Unfit),
    /// Refused, as [`WRONG`].
    Wrong,
}

/// A new session.
pub struct SignedIn {
    /// The session cookie's value.
    pub token: SecretString,
    /// The device cookie's value.
    pub device: SecretString,
}

/// Whether anybody may sign in by password here.
///
/// # Errors
/// [`Error::Forbidden`] `tenant_suspended` or `sso_enforced`.
pub fn check_allowed(ctx: &Context, tenant: &TenantCache) -> Result<(), Error> {
    ways_in::check(&tenant.tenant, LoginMethod::Password, ctx.clock.now())
}

/// Signs in by address and password.
///
/// # Errors
/// As [`check_allowed`]; [`Error::RateLimited`]; [`Error::Unavailable`], when too many passwords are checked at once too.
pub async fn sign_in(
    ctx: &Context,
    tenant: &TenantCache,
    address: &str,
    password: &SecretString,
    arrival: &Arrival,
) -> Result<Ending, Error> {
    check_allowed(ctx, tenant)?;
    let id = tenant.tenant.id;
    // What is no address is nobody's: no key holds a blank.
    let key = EmailAddress::parse(address).map_or_else(|_| format!("? {}", tamed(address, 254)), |email| email.key);
    let known = key.clone();
    let found = ctx
        .db
        .tenant(id, move |conn| Ok::<_, DbError>(local_credentials::find_by_email_key(conn, id, &known)?))
        .await?;
    let (user, credential) = found.unzip();
    let devices = device::read(ctx, id, arrival.device_cookie.as_deref());
    let mine = user.as_ref().and_then(|user| device::of_user(&devices, user.id));
    let counted = throttle::count(ctx, id, &key, arrival.visitor.ip, mine).await?;

    let usable = user.clone().filter(|u| u.status == AccountStatus::Active).zip(credential.flatten());
    let stored = usable.as_ref().map(|(_, credential)| credential.password_hash.clone());
    let verdict = match Password::typed(password) {
        Some(typed) => match ctx.hasher.verify(id, typed, stored).await {
            Ok(verdict) => verdict,
            Err(busy) => {
                limits::take_back(ctx, counted).await?; // nothing was tried
                return Err(busy.into());
            }
        },
        None => Match::Wrong, // K-10
    };
    let (Some((user, credential)), Match::Right | Match::RightOutdated) = (usable, verdict) else {
        refuse(ctx, id, arrival, (user.filter(|_| counted.hits == 1), WRONG)).await?;
        return Ok(Ending::Wrong);
    };
    limits::take_back(ctx, counted).await?;
    let renewed = match (verdict, Password::typed(password)) {
        // When too many are hashed now, another login will renew it.
        (Match::RightOutdated, Some(typed)) => ctx.hasher.hash(id, typed).await.ok(),
        _ => None,
    };
    if let Some(half) = second_step::begin(ctx, &credential, renewed.clone()).await? {
        return Ok(Ending::CodeNeeded { half });
    }
    if credential.must_change {
        return Ok(Ending::MustChange { proof: new_password::prove(ctx, &credential, false)? });
    }
    let checked = (credential.user_id, credential.password_id);
    let held = move |conn: &mut PgConnection| local_credentials::hold(conn, id, checked, renewed.as_deref());
    let signed_in = open(ctx, user, arrival, (&devices, Passed::Password), move |conn| Ok(held(conn)?)).await?;
    Ok(signed_in.map_or(Ending::Wrong, Ending::SignedIn))
}

/// What was right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Passed {
    /// The password.
    Password,
    /// The password, and a code after it.
    BothSteps,
}

impl Passed {
    fn of(second: bool) -> Self {
        if second { Self::BothSteps } else { Self::Password }
    }

    /// By RFC 8176.
    fn amr(self) -> Vec<String> {
        let methods: &[&str] = match self {
            Self::Password => &["pwd"],
            Self::BothSteps => &["pwd", SECOND_STEP, "mfa"],
        };
        methods.iter().map(|method| (*method).to_owned()).collect()
    }
}

/// Opens the session of a person who passed what their account asks for, unless that is over: `still` says so in the
/// transaction.
async fn open<F>(
    ctx: &Context,
    user: User,
    arrival: &Arrival,
    (devices, passed): (&[device::Known], Passed),
    still: F,
) -> Result<Option<Box<SignedIn>>, Error>
where
    F: FnOnce(&mut PgConnection) -> Result<bool, Error> + Send + 'static,
{
    let (tenant, user_id, now) = (user.tenant_id, user.id, ctx.clock.now());
    let (method, amr) = (LoginMethod::Password, passed.amr());
    let proof = Proof::here(method, amr, now);
    let (session, token) = NewSession::prepare(ctx, tenant, &arrival.visitor, proof)?;
    let brought = arrival.invitation.clone();
    let opened = ctx.db.tenant(tenant, move |conn| {
        let invitation = invited::hold(conn, &user, brought.as_deref(), now)?;
        // What was true when the password was checked may be over: suspended, or another password.
        if users::touch_login(conn, tenant, user_id, now)? == 0 || !still(conn)? {
            return Err(Error::Stale);
        }
        let mut welcome = Provisioned::as_known(user);
        if let Some(invitation) = invitation {
            invited::join(conn, &invitation, &mut welcome, now)?;
        }
        session.store(conn, &welcome)?;
        Ok(welcome.invitation.is_some())
    });
    let joined = match opened.await {
        Err(Error::Stale) => return Ok(None),
        opened => opened?,
    };
    open_session::announce(ctx, tenant, &arrival.visitor, joined);
    let device = device::renewed(ctx, tenant, devices, user_id)?;
    Ok(Some(Box::new(SignedIn { token, device })))
}

/// Refuses. The first failure of a window is told in the tenant's audit log when it is about somebody (`told`); all are
/// counted. The transaction is the same whoever it is about, and the page says nothing of the event (L-22).
async fn refuse(
    ctx: &Context,
    tenant: Uuid,
    arrival: &Arrival,
    (told, reason): (Option<User>, &'static str),
) -> Result<(), Error> {
    let stamp = arrival.visitor.stamp(ctx);
    let event = told.map(|user| {
        let refused = LoginRefused {
            method: LoginMethod::Password,
            connection_id: None,
            reason: reason.to_owned(),
            detail: (user.status == AccountStatus::Suspended).then(|| "the user is suspended".to_owned()),
            user_id: Some(user.id),
        };
        stamp.event(tenant, &Event::LoginRefused(refused))
    });
    let done = ctx.db.tenant(tenant, move |conn| {
        if let Some(event) = &event {
            audit_events::insert(conn, tenant, event)?;
        }
        Ok::<_, Error>(())
    });
    done.await?;
    metrics::counter!("doorward_logins_refused_total", "reason" => reason).increment(1);
    Ok(())
}

/// The user and their password, when both are good for a login now.
async fn usable(ctx: &Context, tenant: Uuid, user: Uuid) -> Result<Option<(User, LocalCredential)>, Error> {
    let found = ctx.db.tenant(tenant, move |conn| {
        Ok::<_, DbError>((users::find(conn, tenant, user)?, local_credentials::find(conn, tenant, user)?))
    });
    let (user, credential) = found.await?;
    Ok(user.filter(|user| user.status == AccountStatus::Active).zip(credential))
}

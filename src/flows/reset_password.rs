//! reset_password: who forgot their password gets a letter, and sets another one by its link.
//!
//! 1. [`ask`]: counts, looks the address up and posts. The answer and the work are the same for every address (L-22, K-11):
//!    for nobody, somebody suspended and somebody without a way to a password the rows are written and rolled back;
//! 2. [`look`]: whether a link is good; changes nothing (L-12);
//! 3. [`set`]: one transaction uses the link up, sets the password, and ends what was signed in by the old one. Nobody is
//!    signed in by it: that takes the login page, with all its steps.

use std::sync::Arc;

use diesel::PgConnection;
use secrecy::SecretString;
use uuid::Uuid;

use crate::context::Context;
use crate::context::caches::TenantCache;
use crate::flows::find_connection::{self, Ways};
use crate::flows::open_session::Visitor;
use crate::flows::password_login::check_allowed;
use crate::flows::post::post;
use crate::flows::provision::first_proof;
use crate::flows::write::{saved, write};
use crate::flows::{Error, limits};
use crate::model::address_proof::{AddressProof, Purpose};
use crate::model::audit::Event;
use crate::model::email::EmailAddress;
use crate::model::letter::Letter;
use crate::model::local_credential::LocalCredential;
use crate::model::password::Unfit;
use crate::model::role::AccountStatus;
use crate::model::text::tamed;
use crate::model::user::User;
use crate::secrets::token;
use crate::store::db::{DbError, keep_if};
use crate::store::{Versioned, address_proofs, audit_events, domains, identities, local_credentials, sessions, users};

/// Stands for the mailbox of what is no address.
const NOWHERE: &str = "nobody@doorward.invalid";

/// How setting a password by a link ended.
pub enum Ending {
    /// It is set; the login goes on there.
    Done {
        /// Our own login page, as it was when the letter was asked for.
        login: Option<String>,
    },
    /// It breaks a rule, this one; the link stays good.
    Unfit(Unfit),
}

/// Asks for the letter. `login` is the login page that the person comes from.
///
/// # Errors
/// As [`check_allowed`]; [`Error::RateLimited`] by who asks; [`Error::Unavailable`].
pub async fn ask(
    ctx: &Context,
    tenant: &Arc<TenantCache>,
    address: &str,
    visitor: &Visitor,
    login: String,
) -> Result<(), Error> {
    check_allowed(ctx, tenant)?;
    let id = tenant.tenant.id;
    let parsed = EmailAddress::parse(address).ok();
    // What is no address is nobody's: no key holds a blank.
    let key = parsed.as_ref().map_or_else(|| format!("? {}", tamed(address, 254)), |email| email.key.clone());
    let person = visitor.ip.map_or_else(String::new, limits::address_bucket);
    limits::letter_wanted(ctx, id, visitor.ip, (&person, &key)).await?;
    let room = match limits::mailbox(ctx, id, ("reset", &key)).await {
        Ok(()) => true,
        Err(Error::RateLimited { .. }) => false, // who asks too is told the same, and finds the letters that went out
        Err(error) => return Err(error),
    };
    let nowhere = EmailAddress { address: NOWHERE.into(), key: NOWHERE.into(), domain: "doorward.invalid".into() };
    let ways = find_connection::ways(ctx, tenant, None).await?;
    let asked = Asked { ctx: ctx.clone(), tenant: id, key, to: parsed.unwrap_or(nowhere), room, login, ways };
    let (secret, stamp, language) = (token::random(), visitor.stamp(ctx), visitor.language);
    let link: SecretString = ctx.config.url(&format!("/t/{}/login/reset?token={secret}", tenant.tenant.slug)).into();
    let done = ctx.db.tenant(id, move |conn| {
        let (found, row, to) = asked.row(conn, token::hash(&secret), stamp.at)?;
        let event = Event::UserPasswordResetRequested { id: row.user_id.unwrap_or_default() };
        keep_if(conn, found && asked.room, |conn| {
            address_proofs::insert(conn, id, &row)?;
            let letter = Letter::ResetPassword { expires_at: row.expires_at };
            post(conn, &asked.ctx, id, (&to, language), &letter, Some(&link))?;
            audit_events::insert(conn, id, &stamp.event(id, &event))?;
            Ok::<_, Error>(())
        })
    });
    done.await
}

/// What was asked for.
struct Asked {
    ctx: Context,
    tenant: Uuid,
    key: String,
    to: EmailAddress,
    room: bool,
    login: String,
    ways: Ways,
}

impl Asked {
    /// Whether there is somebody who may have a link, its row, and where it goes: to the address that the user has, not to
    /// one that is only written like it.
    fn row(
        &self,
        conn: &mut PgConnection,
        token_hash: Vec<u8>,
        now: chrono::DateTime<chrono::Utc>,
    ) -> Result<(bool, AddressProof, EmailAddress), Error> {
        let (user, credential) = local_credentials::find_by_email_key(conn, self.tenant, &self.key)?.unzip();
        let credential = credential.flatten();
        let domain = domains::verified(conn, self.tenant, &self.to.domain)?;
        let linked = identities::any_of_user(conn, self.tenant, user.as_ref().map_or(Uuid::nil(), |user| user.id))?;
        // L-23: whoever signs in by a connection has a password only where an admin gave them one.
        let elsewhere = self.ways.routed(domain.as_ref()).is_some() || linked && !self.ways.connections.is_empty();
        let user = user.filter(|user| user.status == AccountStatus::Active);
        let may = user.is_some() && (credential.is_some() || !elsewhere && self.ways.first_password());
        let to = user.as_ref().map_or_else(|| self.to.clone(), |user| user.mailbox(&self.to));
        let mut row = AddressProof::new(self.tenant, Purpose::ResetPassword, &self.to, token_hash, now);
        (row.user_id, row.user_key) = user.filter(|_| may).map_or((None, None), |user| (Some(user.id), user.email_key));
        row.password_id = credential.filter(|_| may).map(|credential| credential.password_id);
        row.return_to = Some(self.login.clone());
        Ok((may, row, to))
    }
}

/// Whether a link is good, and changes nothing.
///
/// # Errors
/// As [`check_allowed`]; [`Error::NotFound`] for a token that never was, or is another tenant's or purpose's;
/// [`Error::RateLimited`] for many of them; [`Error::Gone`] `link_void`; [`Error::Unavailable`].
pub async fn look(ctx: &Context, tenant: &TenantCache, token: &str, visitor: &Visitor) -> Result<(), Error> {
    find(ctx, tenant, token, visitor).await.map(drop)
}

/// Sets the password that was chosen. Every session and grant of the user ends, and every other link is void.
///
/// # Errors
/// As [`look`].
pub async fn set(
    ctx: &Context,
    tenant: &TenantCache,
    (token, chosen): (&str, &SecretString),
    visitor: &Visitor,
) -> Result<Ending, Error> {
    let (proof, user) = find(ctx, tenant, token, visitor).await?;
    let password = match ctx.hasher.read_new(chosen, &user, &tenant.tenant).await? {
        Ok(password) => password,
        Err(unfit) => return Ok(Ending::Unfit(unfit)),
    };
    let (id, stamp) = (tenant.tenant.id, visitor.stamp(ctx));
    let row = LocalCredential {
        tenant_id: id,
        user_id: user.id,
        password_hash: ctx.hasher.hash(id, password).await?,
        must_change: false,
        password_id: Uuid::now_v7(),
        changed_at: stamp.at,
    };
    let login = proof.return_to.clone();
    write(ctx, id, stamp, move |conn| {
        // Held, so that of many who come with one link at once, or with two, one comes first (L-10).
        let mut user = User::lock(conn, id, row.user_id)?.ok_or_else(Error::link_void)?;
        let credential = local_credentials::find(conn, id, user.id)?;
        if !fits(&proof, &user, credential.as_ref()) || !address_proofs::use_up(conn, id, proof.id, stamp.at)? {
            return Err(Error::link_void());
        }
        if user.email_verified_at.is_none() {
            first_proof::clear(conn, id, user.id, stamp.at)?; // L-08
            first_proof::unlink_others(conn, id, user.id, None)?;
            let version = user.version;
            user.email_verified_at = Some(stamp.at);
            user.bump(stamp.at);
            saved(user.save(conn, version)?)?;
        }
        local_credentials::put(conn, id, &row)?;
        sessions::end_of_user(conn, id, user.id, "password_reset", stamp.at)?;
        address_proofs::void_of_user(conn, id, user.id, stamp.at)?;
        Ok(((), Some(Event::UserPasswordReset { id: user.id })))
    })
    .await?;
    Ok(Ending::Done { login })
}

/// The link that a token is of, and its user, when it is still good.
async fn find(
    ctx: &Context,
    tenant: &TenantCache,
    token: &str,
    visitor: &Visitor,
) -> Result<(AddressProof, User), Error> {
    check_allowed(ctx, tenant)?;
    let (id, hash) = (tenant.tenant.id, token::hash(token));
    let found = ctx.db.tenant(id, move |conn| {
        let Some(proof) = address_proofs::find_by_token(conn, id, Purpose::ResetPassword, &hash)? else {
            return Ok(None);
        };
        let user = proof.user_id.map(|user| users::find(conn, id, user)).transpose()?.flatten();
        let credential = proof.user_id.map(|user| local_credentials::find(conn, id, user)).transpose()?.flatten();
        Ok::<_, DbError>(Some((proof, user, credential)))
    });
    let Some((proof, user, credential)) = found.await? else {
        limits::garbage(ctx, id, visitor.ip).await?; // K-08
        return Err(Error::NotFound);
    };
    match user {
        Some(user) if proof.is_live(ctx.clock.now()) && fits(&proof, &user, credential.as_ref()) => Ok((proof, user)),
        _ => Err(Error::link_void()),
    }
}

/// L-10, L-29: a link is for the address and the password that the user had when it was asked for.
fn fits(proof: &AddressProof, user: &User, credential: Option<&LocalCredential>) -> bool {
    user.status == AccountStatus::Active
        && user.email_key.as_deref() == Some(&proof.address_key)
        && credential.map(|credential| credential.password_id) == proof.password_id
}

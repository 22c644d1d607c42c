//! Step 4: one transaction from the assertion to the session and its audit event.

use chrono::Duration;
use diesel::PgConnection;
use secrecy::SecretString;
use uuid::Uuid;

use crate::context::Context;
use crate::context::provider::Provider;
use crate::flows::Error;
use crate::flows::finish_login::{Vouched, Why};
use crate::flows::limits::{LETTER_WINDOW, LETTERS_PER_MAILBOX};
use crate::flows::manage_connections::says_otherwise;
use crate::flows::open_session::{self, NewSession, Visitor};
use crate::flows::post::post;
use crate::flows::provision::decide::Refusal;
use crate::flows::provision::{Provisioned, SignIn, Verdict, letter, provision};
use crate::model::claims::IdentityAssertion;
use crate::model::connection::{Connection, ConnectionStatus};
use crate::model::email::EmailAddress;
use crate::model::letter::Letter;
use crate::store::connections::{self, Rules};
use crate::store::{address_proofs, deliveries, login_attempts};

/// How often a lost race is run again. Each round somebody wins, and a loser finds the winner's rows.
const ROUNDS: usize = 5;

/// How one round of the transaction ended when it did not commit.
enum Undone {
    Failed(Error),
    Refused(Why),
    Waits(Box<letter::Wait>),
    Raced,
}

/// Of what a session is to be opened.
#[derive(Clone)]
pub struct Opening<'a> {
    /// In which browser.
    pub visitor: &'a Visitor,
    /// The login that was begun for it, where one was.
    pub attempt: Option<Uuid>,
    /// The letter that it waited for, where it did.
    pub letter: Option<letter::Opened>,
    /// Hash of the token of the invitation that is to be accepted.
    pub invitation: Option<Vec<u8>>,
}

/// How opening ended.
pub enum Opened {
    /// With a session: its cookie's value, and what provisioning did.
    SignedIn(SecretString, Box<Provisioned>),
    /// A letter is to prove the address first. Nothing was written.
    Waits(Box<letter::Wait>),
    /// With a refusal.
    Refused(Why),
}

impl<E: Into<Error>> From<E> for Undone {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// Whether these rules, as they are now, are those that the answer was verified by; certificates that the provider
/// withdrew in the meantime are not (C-50).
fn are_those_of(connection: &Connection, (status, settings, provisioning, provider_metadata): Rules) -> bool {
    let now = Connection { status, settings, provisioning, provider_metadata, ..connection.clone() };
    now.status == ConnectionStatus::Active
        && now.settings == connection.settings
        && now.provisioning == connection.provisioning
        && !says_otherwise(connection, &now)
}

/// Decides, applies, and opens the session.
///
/// # Errors
/// [`Error`] when the database does not answer.
pub async fn open(
    ctx: &Context,
    provider: &Provider,
    opening: &Opening<'_>,
    vouched: &Vouched,
) -> Result<Opened, Error> {
    let tenant = provider.connection.tenant_id;
    for _ in 0..ROUNDS {
        let (session, token) = NewSession::prepare(ctx, tenant, opening.visitor, vouched.proof.clone())?;
        let round = Round {
            ctx: ctx.clone(),
            connection: provider.connection.clone(),
            vouched: vouched.clone(),
            attempt: opening.attempt,
            letter: opening.letter.clone(),
            invitation: opening.invitation.clone(),
            visitor: opening.visitor.clone(),
        };
        match ctx.db.tenant(tenant, move |conn| round.run(conn, session)).await {
            Ok(welcome) => {
                let others = welcome.cleared || welcome.invitation.is_some();
                open_session::announce(ctx, tenant, opening.visitor, others);
                return Ok(Opened::SignedIn(token, Box::new(welcome)));
            }
            Err(Undone::Refused(why)) => return Ok(Opened::Refused(why)),
            Err(Undone::Waits(wait)) => return Ok(Opened::Waits(wait)),
            // A unique constraint that broke after we looked is a lost race like any other.
            Err(Undone::Raced | Undone::Failed(Error::Conflict { .. })) => {}
            Err(Undone::Failed(error)) => return Err(error),
        }
    }
    Err(Error::Unavailable)
}

/// One try of the transaction, with what it needs.
struct Round {
    ctx: Context,
    connection: Connection,
    vouched: Vouched,
    attempt: Option<Uuid>,
    letter: Option<letter::Opened>,
    invitation: Option<Vec<u8>>,
    visitor: Visitor,
}

impl Round {
    fn run(self, conn: &mut PgConnection, session: NewSession) -> Result<Provisioned, Undone> {
        let (tenant, now) = (self.connection.tenant_id, self.ctx.clock.now());
        let over = |why| Err(Undone::Refused(why));
        // What was decided while the provider was asked may be over: disabled or changed in the meantime.
        if !connections::hold(conn, tenant, self.connection.id)?
            .is_some_and(|rules| are_those_of(&self.connection, rules))
        {
            return over(Why::new("connection_not_active", None));
        }
        // L-10: of many who come with one link at once, one goes on.
        if let Some(opened) = &self.letter
            && !address_proofs::use_up(conn, tenant, opened.proof.id, now)?
        {
            return over(Why::new("link_void", None));
        }
        let assertion = &self.vouched.assertion;
        let (letter, invitation) = (self.letter.as_ref(), self.invitation.as_deref());
        let sign_in = SignIn { connection: &self.connection, assertion, letter, invitation };
        let mut welcome = match provision(conn, tenant, sign_in, now)? {
            Verdict::Welcome(welcome) => *welcome,
            Verdict::Waits(wait) => return Err(Undone::Waits(wait)),
            Verdict::Refused(r) => {
                let detail = Some(advice(&r, assertion));
                return Err(Undone::Refused(Why { code: r.code.into(), detail, user: r.user }));
            }
            Verdict::Raced => return Err(Undone::Raced),
        };
        welcome.warnings.extend(self.vouched.warnings);
        if let (Some(old), Some(new)) = (&welcome.moved_from, &welcome.user.email) {
            let letter = Letter::AddressChanged { new_address: new.clone() };
            // Providers change addresses as often as they like, but flood no mailbox by it. Other letters do not count: who
            // causes these must not keep this one away.
            let since = now - Duration::seconds(LETTER_WINDOW.into());
            let told = deliveries::count_to(conn, tenant, (letter.kind(), &old.address), since)?;
            if told < LETTERS_PER_MAILBOX.into() {
                post(conn, &self.ctx, tenant, (old, self.visitor.language), &letter, None)?;
            }
        }
        let session_id = session.store(conn, &welcome)?;
        if let Some(attempt) = self.attempt {
            login_attempts::set_session(conn, tenant, attempt, session_id)?;
        }
        Ok(welcome)
    }
}

/// What the tenant's admin is told of a refusal.
fn advice(refusal: &Refusal, assertion: &IdentityAssertion) -> String {
    let email = assertion.email.as_deref().and_then(|text| EmailAddress::parse(text).ok());
    let domain = email.filter(|_| refusal.code == "email_domain_not_verified").map(|email| email.domain);
    let named = domain.map(|domain| format!(" (it is {domain})")).unwrap_or_default();
    format!("{}{named}; the provider calls the person {}", refusal.advice, assertion.subject)
}

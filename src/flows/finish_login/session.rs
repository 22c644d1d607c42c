//! Step 4: one transaction from the assertion to the session and its audit event.

use secrecy::SecretString;
use uuid::Uuid;

use crate::context::Context;
use crate::context::provider::Provider;
use crate::flows::Error;
use crate::flows::finish_login::{Arrival, Vouched, Why};
use crate::flows::manage_connections::says_otherwise;
use crate::flows::open_session::{self, NewSession};
use crate::flows::provision::decide::Refusal;
use crate::flows::provision::{Provisioned, Verdict, provision};
use crate::model::claims::IdentityAssertion;
use crate::model::connection::{Connection, ConnectionStatus};
use crate::model::email::EmailAddress;
use crate::store::connections::{self, Rules};
use crate::store::login_attempts;

/// How often a lost race is run again. Each round somebody wins, and a loser finds the winner's rows.
const ROUNDS: usize = 5;

/// How one round of the transaction ended when it did not commit.
enum Undone {
    Failed(Error),
    Refused(Why),
    Raced,
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

/// The login that was begun for it, where one was.
#[derive(Clone, Default)]
pub struct Begun {
    /// The attempt.
    pub attempt: Option<Uuid>,
    /// Hash of the token of the invitation that is to be accepted.
    pub invitation: Option<Vec<u8>>,
}

/// Decides, applies, and opens the session.
///
/// # Errors
/// Outside [`Error`] when the database does not answer; inside the refusal.
pub async fn open(
    ctx: &Context,
    provider: &Provider,
    begun: Begun,
    arrival: &Arrival,
    vouched: Vouched,
) -> Result<Result<(SecretString, Provisioned), Why>, Error> {
    let tenant = provider.connection.tenant_id;
    for _ in 0..ROUNDS {
        let (session, token) = NewSession::prepare(ctx, tenant, &arrival.visitor, vouched.proof.clone())?;
        let (connection, assertion) = (provider.connection.clone(), vouched.assertion.clone());
        let (warnings, now, begun) = (vouched.warnings.clone(), ctx.clock.now(), begun.clone());
        let round = ctx.db.tenant(tenant, move |conn| {
            // What was decided while the provider was asked may be over: disabled or changed in the meantime.
            if !connections::hold(conn, tenant, connection.id)?.is_some_and(|rules| are_those_of(&connection, rules)) {
                return Err(Undone::Refused(Why::new("connection_not_active", None)));
            }
            let mut welcome =
                match provision(conn, tenant, &connection, (&assertion, begun.invitation.as_deref()), now)? {
                    Verdict::Welcome(welcome) => *welcome,
                    Verdict::Refused(r) => {
                        return Err(Undone::Refused(Why {
                            code: r.code.into(),
                            detail: Some(advice(&r, &assertion)),
                            user: r.user,
                        }));
                    }
                    Verdict::Raced => return Err(Undone::Raced),
                };
            welcome.warnings.extend(warnings);
            let session_id = session.store(conn, &welcome)?;
            if let Some(attempt) = begun.attempt {
                login_attempts::set_session(conn, tenant, attempt, session_id)?;
            }
            Ok(welcome)
        });
        match round.await {
            Ok(welcome) => {
                open_session::announce(ctx, tenant, &arrival.visitor, welcome.cleared || welcome.invitation.is_some());
                return Ok(Ok((token, welcome)));
            }
            Err(Undone::Refused(why)) => return Ok(Err(why)),
            // A unique constraint that broke after we looked is a lost race like any other.
            Err(Undone::Raced | Undone::Failed(Error::Conflict { .. })) => {}
            Err(Undone::Failed(error)) => return Err(error),
        }
    }
    Err(Error::Unavailable)
}

/// What the tenant's admin is told of a refusal.
fn advice(refusal: &Refusal, assertion: &IdentityAssertion) -> String {
    let email = assertion.email.as_deref().and_then(|text| EmailAddress::parse(text).ok());
    let domain = email.filter(|_| refusal.code == "email_domain_not_verified").map(|email| email.domain);
    let named = domain.map(|domain| format!(" (it is {domain})")).unwrap_or_default();
    format!("{}{named}; the provider calls the person {}", refusal.advice, assertion.subject)
}

//! open_session: the one place where a session begins, whoever vouched for the person.
//!
//! 1. [`NewSession::prepare`] makes the row and the cookie's value, outside any transaction;
//! 2. [`NewSession::store`], in the transaction that decided who it is: ends what was signed in here before, writes the
//!    row and the audit event, and confirms that `sso` is enforced where that waits;
//! 3. [`announce`], once that is committed.

use std::net::IpAddr;

use chrono::{DateTime, Duration, Utc};
use diesel::PgConnection;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::context::Context;
use crate::flows::provision::Provisioned;
use crate::flows::{Error, enforce_sso, ways_in};
use crate::model::audit::{Actor, Event, LoginMethod, LoginSucceeded, Stamp};
use crate::model::delivery::Language;
use crate::model::session::{Session, Upstream};
use crate::model::text::tamed;
use crate::secrets::sealed::Place;
use crate::secrets::token;
use crate::store::{audit_events, changes, grants, sessions, tenants, totp_secrets};

/// The `amr` of a code after the password (RFC 8176).
pub const SECOND_STEP: &str = "otp";

/// The browser that signs in.
#[derive(Debug, Clone, Default)]
pub struct Visitor {
    /// Its session cookie of this tenant, if it has one.
    pub session_cookie: Option<String>,
    /// Where from.
    pub ip: Option<IpAddr>,
    /// Which browser.
    pub user_agent: Option<String>,
    /// Which request.
    pub request_id: Option<Uuid>,
    /// What letters to it are written in.
    pub language: Language,
}

impl Visitor {
    /// The stamp of what somebody does who is not yet known.
    #[must_use]
    pub fn stamp(&self, ctx: &Context) -> Stamp {
        Stamp { actor: Actor::Visitor, request_id: self.request_id, at: ctx.clock.now() }
    }
}

/// How the person proved who they are.
#[derive(Clone, Serialize, Deserialize)]
pub struct Proof {
    /// In which way.
    pub method: LoginMethod,
    /// By which identity source, where it was one.
    pub source_id: Option<Uuid>,
    /// When, if the source says so.
    pub auth_time: Option<DateTime<Utc>>,
    /// In which authentication context (`acr`), if the source says so.
    pub acr: Option<String>,
    /// By which methods (`amr`, RFC 8176).
    pub amr: Vec<String>,
    /// The provider's tokens or names, for logout and revocation.
    pub upstream: Option<Upstream>,
    /// The provider says that its session ends then; ours does not outlive it.
    pub ends_at: Option<DateTime<Utc>>,
}

impl Proof {
    /// A person who proved it to ourselves, at `now`.
    #[must_use]
    pub fn here(method: LoginMethod, amr: Vec<String>, now: DateTime<Utc>) -> Self {
        Self { method, source_id: None, auth_time: Some(now), acr: None, amr, upstream: None, ends_at: None }
    }
}

/// A session that is ready to be stored, but for who it is of.
pub struct NewSession {
    row: Session,
    method: LoginMethod,
    replaced: Option<Vec<u8>>,
    stamp: Stamp,
}

impl NewSession {
    /// Makes the row and the cookie's value.
    ///
    /// # Errors
    /// [`Error::Internal`] when the provider's tokens cannot be written down.
    pub fn prepare(
        ctx: &Context,
        tenant_id: Uuid,
        visitor: &Visitor,
        proof: Proof,
    ) -> Result<(Self, SecretString), Error> {
        let (token, id, stamp) = (token::random(), Uuid::now_v7(), visitor.stamp(ctx));
        let (name_id_hash, session_index_hash) = logout_keys(proof.upstream.as_ref());
        let upstream = proof.upstream.map(|tokens| serde_json::to_vec(&tokens)).transpose();
        let upstream = upstream.map_err(|e| Error::Internal(e.to_string()))?;
        let longest = stamp.at + Duration::hours(ctx.config.session_max_hours);
        let row = Session {
            tenant_id,
            id,
            token_hash: token::hash(&token),
            user_id: Uuid::nil(),
            identity_id: None,
            source_id: proof.source_id,
            auth_time: proof.auth_time,
            created_at: stamp.at,
            last_seen_at: stamp.at,
            expires_at: proof.ends_at.map_or(longest, |ends| ends.min(longest)), // C-19
            ended_at: None,
            end_reason: None,
            ip: visitor.ip.map(|ip| ip.to_string()),
            user_agent: visitor.user_agent.as_deref().map(|ua| tamed(ua, 255)),
            upstream: upstream.map(|bytes| ctx.sealer.seal(upstream_place(tenant_id, id), &bytes)),
            acr: proof.acr,
            amr: proof.amr,
            name_id_hash,
            session_index_hash,
        };
        let replaced = visitor.session_cookie.as_deref().map(token::hash);
        Ok((Self { row, method: proof.method, replaced, stamp }, token.into()))
    }

    /// Stores the session of `welcome`'s user with its audit event, in the caller's transaction. Gives its id.
    ///
    /// # Errors
    /// [`Error::Stale`] for a login by password alone, where the account asks for a code too: whichever way it came here; as
    /// [`ways_in::check`], for what was closed since the login began.
    pub fn store(mut self, conn: &mut PgConnection, welcome: &Provisioned) -> Result<Uuid, Error> {
        let (tenant, at) = (self.row.tenant_id, self.stamp.at);
        let row = tenants::find(conn, tenant)?.ok_or(Error::NotFound)?;
        ways_in::check(&row, self.method, at)?;
        let half = self.method == LoginMethod::Password && !self.row.amr.iter().any(|method| method == SECOND_STEP);
        if half && totp_secrets::is_active(conn, tenant, welcome.user.id)? {
            return Err(Error::Stale);
        }
        // W-01: what was signed in here before is signed in no more; the new session has an id and a secret of its own.
        let old = self.replaced.map(|hash| sessions::find_by_token(conn, tenant, &hash)).transpose()?.flatten();
        self.row.user_id = welcome.user.id;
        self.row.identity_id = welcome.identity_id;
        if let Some((old, user)) = old {
            // Who only signs in again keeps what applications were given.
            if user.id == welcome.user.id {
                grants::hand_over(conn, tenant, old.id, &self.row)?;
            }
            if sessions::end(conn, tenant, old.id, "replaced", at)? {
                changes::note(conn, tenant)?; // W-04: other instances may hold it in memory
            }
        }
        sessions::insert(conn, tenant, &self.row)?;
        let event = Event::LoginSucceeded(LoginSucceeded {
            method: self.method,
            connection_id: self.row.source_id,
            user_id: welcome.user.id,
            session_id: self.row.id,
            outcome: welcome.outcome,
            fields: welcome.fields.clone(),
            groups_added: welcome.groups.added.clone(),
            groups_removed: welcome.groups.removed.clone(),
            groups_held: welcome.groups.held.clone(),
            warnings: welcome.warnings.clone(),
        });
        audit_events::insert(conn, tenant, &self.stamp.event(tenant, &event))?;
        if let Some(id) = welcome.invitation {
            let event = Event::InvitationAccepted { id, user_id: welcome.user.id };
            audit_events::insert(conn, tenant, &self.stamp.event(tenant, &event))?;
        }
        enforce_sso::confirm(conn, &welcome.user, (self.method, self.row.id), self.stamp)?;
        Ok(self.row.id)
    }
}

/// Says that a session was opened, once it is committed: what it ended is forgotten here at once.
pub fn announce(ctx: &Context, tenant: Uuid, visitor: &Visitor, ended_others: bool) {
    if visitor.session_cookie.is_some() || ended_others {
        ctx.caches.forget(tenant);
    }
    metrics::counter!("doorward_logins_succeeded_total").increment(1);
}

/// By what a SAML provider finds the session again that it wants to end: hashes of NameID and SessionIndex.
fn logout_keys(upstream: Option<&Upstream>) -> (Option<Vec<u8>>, Option<Vec<u8>>) {
    match upstream {
        Some(Upstream::Saml(at)) => (Some(token::hash(&at.name_id)), at.session_index.as_deref().map(token::hash)),
        Some(Upstream::Oidc(_)) | None => (None, None),
    }
}

/// Where a session's upstream tokens are sealed.
#[must_use]
pub fn upstream_place(tenant: Uuid, session: Uuid) -> Place {
    Place { tenant, table: "sessions", row: session, column: "upstream" }
}

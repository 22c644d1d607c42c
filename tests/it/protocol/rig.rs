//! A relying party without database and browser.

use std::future::Future;

use doorward::clock::Clock;
use doorward::model::connection::oidc::OidcSettings;
use doorward::outbound::{Lane, Outbound, OutboundPolicy};
use doorward::protocol::jwt::jwks::JwksCache;
use doorward::protocol::oidc::authorize::{self, AuthorizationRequest, Demands};
use doorward::protocol::oidc::discovery::discover;
use doorward::protocol::oidc::redeem::{CodeGrant, Redeemed, redeem};
use doorward::protocol::oidc::{ClientCredential, Endpoints, OidcError, RelyingParty};
use secrecy::SecretString;
use url::Url;
use uuid::Uuid;

use crate::support::hostile_provider::HostileProvider;

pub const VERIFIER: &str = "a-code-verifier-of-more-than-forty-three-characters";
pub const NONCE: &str = "the nonce of this sign-in";

/// What a process has once.
#[derive(Clone)]
pub struct Rig {
    pub lane: Lane,
    pub jwks: JwksCache,
    pub clock: Clock,
    pub scope: Uuid,
    pub credential: ClientCredential,
}

impl Rig {
    /// May reach loopback, has its own clock (set to now) and a client secret.
    pub fn new() -> Self {
        let clock = Clock::manual(Clock::default().now());
        Self {
            lane: outbound(loopback()).lane(Uuid::now_v7()),
            jwks: JwksCache::new(clock.clone()),
            clock,
            scope: Uuid::now_v7(),
            credential: ClientCredential::Secret("a secret".into()),
        }
    }

    pub fn party<'a>(&'a self, settings: &'a OidcSettings, endpoints: &'a Endpoints) -> RelyingParty<'a> {
        RelyingParty {
            lane: &self.lane,
            jwks: &self.jwks,
            clock: &self.clock,
            scope: self.scope,
            settings,
            endpoints,
            credential: &self.credential,
        }
    }

    pub async fn endpoints(&self, settings: &OidcSettings) -> Result<Endpoints, OidcError> {
        let metadata = match (&settings.issuer, settings.discovery) {
            (Some(issuer), true) => Some(discover(&self.lane, issuer).await?),
            _ => None,
        };
        Endpoints::resolve(settings, metadata.as_ref())
    }

    /// A whole sign-in: discovery, authorization request, the provider's answer, redemption.
    pub async fn sign_in(&self, provider: &HostileProvider, settings: &OidcSettings) -> Result<Redeemed, OidcError> {
        let endpoints = self.endpoints(settings).await?;
        let url = authorization_url(settings, &endpoints);
        let code = provider.visit(&url)["code"].clone();
        let grant = CodeGrant {
            code: &SecretString::from(code),
            code_verifier: &SecretString::from(VERIFIER),
            nonce: NONCE,
            redirect_uri: &redirect_uri(),
        };
        redeem(&self.party(settings, &endpoints), &grant).await
    }
}

/// The stable code of the refusal that a sign-in at `provider` ends with.
pub async fn refusal(provider: &HostileProvider) -> &'static str {
    refusal_with(provider, &provider.settings()).await
}

pub async fn refusal_with(provider: &HostileProvider, settings: &OidcSettings) -> &'static str {
    match Rig::new().sign_in(provider, settings).await {
        Ok(_) => "accepted",
        Err(error) => error.code(),
    }
}

pub fn authorization_url(settings: &OidcSettings, endpoints: &Endpoints) -> Url {
    let request = AuthorizationRequest {
        redirect_uri: &redirect_uri(),
        state: "the state",
        nonce: NONCE,
        code_verifier: &SecretString::from(VERIFIER),
        login_hint: None,
        demands: Demands::default(),
    };
    authorize::build(settings, endpoints, &request).expect("a URL")
}

pub fn redirect_uri() -> Url {
    Url::parse("https://sso.example/t/acme/sso/1/callback").expect("a URL")
}

/// A policy that allows loopback.
pub fn loopback() -> OutboundPolicy {
    OutboundPolicy { allow: vec!["127.0.0.0/8".parse().expect("a rule")], ..OutboundPolicy::default() }
}

pub fn outbound(policy: OutboundPolicy) -> Outbound {
    Outbound::new(policy).expect("a client")
}

/// Starts every task before it waits for the first.
pub async fn all_at_once<T: 'static>(tasks: impl Iterator<Item = impl Future<Output = T> + 'static>) -> Vec<T> {
    let started: Vec<_> = tasks.map(actix_web::rt::spawn).collect();
    let mut ended = Vec::new();
    for task in started {
        ended.push(task.await.expect("joined"));
    }
    ended
}

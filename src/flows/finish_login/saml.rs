//! Steps 2 and 3 for SAML: the response becomes claims, the claims an assertion.
//!
//! Verified first (`protocol::saml`), then read (`claims`), mapped, and noted as used before anybody is signed in.

mod claims;

use chrono::{DateTime, Utc};
use secrecy::ExposeSecret;

use crate::context::Context;
use crate::context::provider::Provider;
use crate::context::saml_provider::SamlProvider;
use crate::flows::Error;
use crate::flows::finish_login::oidc::MAX_CONTEXT;
use crate::flows::finish_login::{SamlForm, Vouched, Why};
use crate::flows::open_session::Proof;
use crate::model::audit::LoginMethod;
use crate::model::session::{Upstream, UpstreamSession};
use crate::model::text::tamed;
use crate::protocol::saml::binding::post;
use crate::protocol::saml::{Expected, Request, SamlError, VerifiedResponse, Warning};
use crate::store::used_assertions;

/// The request that a response must answer.
pub(super) struct Asked<'a> {
    /// Which.
    pub request: Request<'a>,
    /// Since when the person must have authenticated.
    pub authenticated_since: Option<DateTime<Utc>>,
}

/// Verifies the response and takes its assertion, which is good once.
pub(super) async fn verify(
    ctx: &Context,
    provider: &Provider,
    party: &SamlProvider,
    form: &SamlForm,
    asked: Asked<'_>,
) -> Result<Vouched, Why> {
    let xml = post::read(form.response.expose_secret()).map_err(why)?;
    let expected = Expected {
        idp_entity_id: &party.idp_entity_id,
        audiences: &party.audiences,
        acs_urls: &party.acs_urls,
        request: asked.request,
        now: ctx.clock.now(),
        authenticated_since: asked.authenticated_since,
        authn_contexts: &party.settings.requested_authn_contexts,
    };
    let response = party.verifier.response(&xml, &expected).map_err(why)?;
    let claims = claims::read(&response, &party.settings)?;
    let mapped = party.settings.claim_mapping.apply(&claims);
    let assertion = mapped.map_err(|e| Why::new(e.code(), e.to_string()))?;
    if !first_use(ctx, provider, &response).await? {
        return Err(Why::new("saml_replayed", format!("assertion {:?} was used before", response.assertion_id)));
    }
    let warnings = response.warnings.iter().map(|warning| warning_code(*warning)).collect();
    Ok(Vouched { assertion, proof: proof(provider, response), warnings })
}

fn why(error: SamlError) -> Why {
    Why::new(error.code(), error.to_string())
}

fn warning_code(warning: Warning) -> &'static str {
    match warning {
        Warning::Sha1 => "saml_sha1",
        Warning::CertificateExpired => "saml_certificate_expired",
        Warning::CertificateNotYetValid => "saml_certificate_not_yet_valid",
    }
}

/// C-25, C-26: whoever comes first with this assertion, at any instance, has used it.
async fn first_use(ctx: &Context, provider: &Provider, response: &VerifiedResponse) -> Result<bool, Error> {
    let (tenant, connection) = (provider.connection.tenant_id, provider.connection.id);
    let what = format!("saml/{tenant}/{connection}/{}/{}", response.issuer, response.assertion_id);
    let until = response.replay_until;
    let first = ctx.db.system(move |conn| Ok::<_, Error>(used_assertions::first_use(conn, &what, until)?));
    first.await
}

/// What the response proves.
fn proof(provider: &Provider, response: VerifiedResponse) -> Proof {
    let name_id = response.name_id;
    Proof {
        method: LoginMethod::Saml,
        source_id: Some(provider.connection.id),
        auth_time: Some(response.authn_instant),
        acr: response.authn_context.map(|context| tamed(&context, MAX_CONTEXT)),
        amr: Vec::new(),
        upstream: Some(Upstream::Saml(UpstreamSession {
            name_id: name_id.value,
            format: name_id.format,
            name_qualifier: name_id.name_qualifier,
            sp_name_qualifier: name_id.sp_name_qualifier,
            session_index: response.session_index,
        })),
        ends_at: response.session_not_on_or_after,
    }
}

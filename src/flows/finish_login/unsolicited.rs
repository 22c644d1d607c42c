//! A SAML response that answers nothing of ours: the person began at the provider. The connection says what becomes of
//! it; the default is nothing.

use chrono::Duration;
use secrecy::ExposeSecret;
use uuid::Uuid;

use crate::context::Context;
use crate::context::caches::TenantCache;
use crate::context::provider::{Provider, Speaks};
use crate::context::saml_provider::SamlProvider;
use crate::flows::begin_login::usable;
use crate::flows::finish_login::session::Opening;
use crate::flows::finish_login::{About, Arrival, Attempt, Ending, SamlForm, Why, count, enter, garbage, refuse, saml};
use crate::flows::{Error, limits};
use crate::model::audit::LoginMethod;
use crate::model::connection::saml::IdpInitiated;
use crate::model::login_attempt::ATTEMPT_MINUTES;
use crate::protocol::saml::binding::post;
use crate::protocol::saml::{Request, SamlError, unverified};

/// Finishes, restarts or refuses.
///
/// # Errors
/// As [`super::finish_login`].
pub(super) async fn finish(
    ctx: &Context,
    tenant: &TenantCache,
    connection: Uuid,
    arrival: &Arrival,
    form: &SamlForm,
) -> Result<Ending, Error> {
    let provider = match usable(ctx, tenant, connection).await {
        Ok(provider) => provider,
        Err(Error::Unavailable) => return Err(Error::Unavailable),
        Err(_) => return garbage(ctx, tenant, &arrival.visitor, "connection_not_active").await, // C-29
    };
    let Speaks::Saml(party) = &provider.speaks else {
        return garbage(ctx, tenant, &arrival.visitor, "state_unknown").await;
    };
    // C-31: the provider's RelayState is a wish of whoever made the form; only what the tenant lists counts.
    let wish = form.relay_state.as_deref().and_then(|wish| tenant.tenant.permitted_return(wish));
    let return_to = wish.map(String::from);
    match party.settings.idp_initiated {
        IdpInitiated::Off => garbage(ctx, tenant, &arrival.visitor, "saml_unsolicited").await, // C-24
        IdpInitiated::Restart => match check_begun_there(form) {
            Ok(()) => Ok(Ending::Restart { return_to }),
            Err(why) => tell(ctx, tenant, connection, arrival, why).await,
        },
        IdpInitiated::Accept => {
            limits::consult_garbage(ctx, tenant.tenant.id, arrival.visitor.ip)?;
            match accept(ctx, tenant, (&provider, party), arrival, (form, return_to)).await? {
                Ok(ending) => Ok(ending),
                Err(why) => tell(ctx, tenant, connection, arrival, why).await,
            }
        }
    }
}

/// Refuses with an audit event. Anybody can send these: an address that sends many is told no more, and writes no more.
async fn tell(
    ctx: &Context,
    tenant: &TenantCache,
    connection: Uuid,
    arrival: &Arrival,
    why: Why,
) -> Result<Ending, Error> {
    count(ctx, tenant, &arrival.visitor, &why.code).await?;
    let about = About { method: LoginMethod::Saml, attempt: Attempt::Missing };
    refuse(ctx, tenant, connection, &arrival.visitor, about, why).await
}

/// A response that answers a request was not begun at the provider: it lost its RelayState, and so would the next one,
/// for ever. That it says so is not verified, and stops it only.
fn check_begun_there(form: &SamlForm) -> Result<(), Why> {
    let told = |error: SamlError| Why::new(error.code(), error.to_string());
    let xml = post::read(form.response.expose_secret()).map_err(told)?;
    if unverified::claims_to_answer(&xml).map_err(told)? {
        let detail = "the response has an InResponseTo, and came without the RelayState of a login of ours";
        return Err(Why::new("saml_in_response_to_mismatch", detail.to_owned()));
    }
    Ok(())
}

/// Signs in by a response that must not claim to answer anything (C-23), once (C-25).
async fn accept(
    ctx: &Context,
    tenant: &TenantCache,
    (provider, party): (&Provider, &SamlProvider),
    arrival: &Arrival,
    (form, return_to): (&SamlForm, Option<String>),
) -> Result<Result<Ending, Why>, Error> {
    // There was no request to measure from: as if one had been made as long ago as one may be.
    let since = ctx.clock.now() - Duration::minutes(ATTEMPT_MINUTES);
    let authenticated_since = party.settings.force_authn.then_some(since);
    let asked = saml::Asked { request: Request::Unsolicited, authenticated_since };
    let vouched = match saml::verify(ctx, provider, party, form, asked).await {
        Ok(vouched) => vouched,
        Err(why) => return Ok(Err(why)),
    };
    let opening = Opening { visitor: &arrival.visitor, attempt: None, letter: None, invitation: None };
    enter(ctx, tenant, (provider, &vouched), &opening, return_to).await
}

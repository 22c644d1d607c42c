//! OpenID Connect, from the application's side: code flow with PKCE, userinfo, RP-initiated logout.
//!
//! The provider's metadata and keys are fetched anew each time, so a rotated key is never missed. An application with
//! many sign-ins keeps them for some minutes.

use openidconnect::core::{CoreAuthenticationFlow, CoreClient, CoreGenderClaim, CoreIdToken};
use openidconnect::{
    AdditionalClaims, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndSessionUrl, EndpointMaybeSet,
    EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, IssuerUrl, LogoutRequest, Nonce, OAuth2TokenResponse,
    PkceCodeChallenge, PkceCodeVerifier, PostLogoutRedirectUrl, ProviderMetadataWithLogout, RedirectUrl, Scope,
    TokenResponse, UserInfoClaims,
};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::pages::Failure;

/// A client that knows where to authorize, perhaps where to redeem and ask userinfo.
type Client =
    CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;

/// This application as a relying party.
pub struct Party {
    /// Where the application is.
    pub home: Url,
    issuer: IssuerUrl,
    client_id: ClientId,
    client_secret: Option<ClientSecret>,
    http: reqwest::Client,
}

/// What ties the answer to the browser that asked.
pub struct Pending {
    state: CsrfToken,
    nonce: Nonce,
    verifier: PkceCodeVerifier,
}

/// What the provider sends the browser back with.
#[derive(Deserialize)]
pub struct Answer {
    state: String,
    code: Option<String>,
    iss: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

/// Who is signed in.
pub struct Person {
    pub name: String,
    pub email: String,
    pub organisation: String,
    pub groups: Vec<String>,
    id_token: CoreIdToken,
}

/// What Doorward tells beyond the standard claims.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Claims {
    groups: Vec<String>,
    tenant_name: String,
}

impl AdditionalClaims for Claims {}

impl Party {
    #[expect(clippy::disallowed_methods, reason = "an application of its own; the ban is for Doorward")]
    pub fn new(issuer: String, id: String, secret: Option<String>, home: Url) -> Result<Self, Failure> {
        Ok(Self {
            home,
            issuer: IssuerUrl::new(issuer)?,
            client_id: ClientId::new(id),
            client_secret: secret.map(ClientSecret::new),
            // Whoever follows redirects lets the provider choose where requests go.
            http: reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?,
        })
    }

    /// Where the sign-out form may lead.
    pub fn provider_origin(&self) -> String {
        self.issuer.url().origin().ascii_serialization()
    }

    /// Where to send the browser, and what to keep until it comes back.
    pub async fn begin(&self, tenant: Option<String>) -> Result<(Url, Pending), Failure> {
        let (client, _) = self.discover().await?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let flow = CoreAuthenticationFlow::AuthorizationCode;
        let mut request = client.authorize_url(flow, CsrfToken::new_random, Nonce::new_random);
        request = request.add_scopes(["profile", "email", "groups"].map(|scope| Scope::new(scope.into())));
        if let Some(tenant) = tenant {
            request = request.add_extra_param("tenant", tenant);
        }
        let (url, state, nonce) = request.set_pkce_challenge(challenge).url();
        Ok((url, Pending { state, nonce, verifier }))
    }

    /// Checks the answer, redeems its code, verifies the ID token and asks userinfo.
    pub async fn finish(&self, pending: Pending, answer: Answer) -> Result<Person, Failure> {
        if answer.state != *pending.state.secret() {
            return Err(Failure::new("This answer belongs to another sign-in."));
        }
        if answer.iss.is_some_and(|iss| iss != *self.issuer) {
            return Err(Failure::new("This answer comes from another provider.")); // RFC 9207
        }
        if let Some(error) = answer.error {
            return Err(Failure::new(answer.error_description.unwrap_or(error)));
        }
        let code = answer.code.ok_or_else(|| Failure::new("The answer has no code."))?;

        let (client, _) = self.discover().await?;
        let request = client.exchange_code(AuthorizationCode::new(code))?.set_pkce_verifier(pending.verifier);
        let tokens = request.request_async(&|request| self.send(request)).await?;
        let id_token = tokens.id_token().ok_or_else(|| Failure::new("There is no ID token."))?;
        let subject = id_token.claims(&client.id_token_verifier(), &pending.nonce)?.subject().clone();
        let request = client.user_info(tokens.access_token().clone(), Some(subject))?;
        let told: UserInfoClaims<Claims, CoreGenderClaim> =
            request.request_async(&|request| self.send(request)).await?;

        let name = told.name().and_then(|name| name.get(None)).map(|name| name.to_string());
        let more = told.additional_claims().clone();
        Ok(Person {
            name: name.unwrap_or_else(|| told.subject().to_string()),
            email: told.email().map(|email| email.to_string()).unwrap_or_default(),
            organisation: more.tenant_name,
            groups: more.groups,
            id_token: id_token.clone(),
        })
    }

    /// Where to send the browser to sign out; it comes back home.
    pub async fn end(&self, person: &Person) -> Result<Url, Failure> {
        let (_, Some(endpoint)) = self.discover().await? else { return Ok(self.home.clone()) };
        let request = LogoutRequest::from(endpoint)
            .set_id_token_hint(&person.id_token)
            .set_client_id(self.client_id.clone())
            .set_post_logout_redirect_uri(PostLogoutRedirectUrl::from_url(self.home.clone()));
        Ok(request.http_get_url())
    }

    /// The provider's endpoints and keys; beside them where to sign out.
    async fn discover(&self) -> Result<(Client, Option<EndSessionUrl>), Failure> {
        let found =
            ProviderMetadataWithLogout::discover_async(self.issuer.clone(), &|request| self.send(request)).await;
        let found =
            found.map_err(|error| Failure::because(&format!("No Doorward answers at {}", *self.issuer), &error))?;
        let logout = found.additional_metadata().end_session_endpoint.clone();
        let client = CoreClient::from_provider_metadata(found, self.client_id.clone(), self.client_secret.clone());
        Ok((client.set_redirect_uri(RedirectUrl::from_url(self.home.join("callback")?)), logout))
    }

    /// One request, in the types that `openidconnect` has.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, reqwest::Error> {
        let answer = self.http.execute(request.try_into()?).await?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let mut response = HttpResponse::new(answer.bytes().await?.to_vec());
        (*response.status_mut(), *response.headers_mut()) = (status, headers);
        Ok(response)
    }
}

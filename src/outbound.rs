//! The one HTTP client: everything Doorward asks of other machines goes through here.
//!
//! Tenants choose where their provider lives, so every target is hostile until checked (attack group F):
//!
//! 1. [`OutboundPolicy::check`]: https on port 443, no credentials, no fragment, no private literal address, not our own host.
//!    It runs when settings are saved ([`Outbound::check_url`]) and again before every request.
//! 2. The resolver checks every address of a name and hands on only checked ones, so the connection goes to what was
//!    checked (no DNS rebinding).
//! 3. No redirects, no cookies, no proxy from the environment (`HTTPS_PROXY` would let whoever sets it steer logins, F-13).
//! 4. One deadline over waiting, connect, headers and body; the body is counted after inflation.
//! 5. A [`Lane`] per connection bounds how many requests it may have in flight: a provider that hangs exhausts its own
//!    lane and nobody else's.
//!
//! `outbound.allow` lifts the address, port and scheme rules for what it names (demo, tests, an intranet provider).

use std::sync::Arc;

use http::{Request, Response};
use url::Url;
use uuid::Uuid;

mod address;
mod error;
mod lanes;
mod policy;
mod resolver;

pub use error::{OutboundError, UrlFault, UrlRefused};
pub use policy::{AllowRule, OutboundPolicy};

use lanes::Lanes;
use resolver::{GuardedResolver, SystemResolver};

/// Largest answer that is ever read, in bytes after inflation.
pub const MAX_BODY: usize = 1 << 20;
/// Largest sum of header names and values of an answer, in bytes.
const MAX_HEADERS: usize = 64 << 10;

/// The HTTP client; cheap to clone.
#[derive(Clone)]
pub struct Outbound {
    client: reqwest::Client,
    policy: Arc<OutboundPolicy>,
    lanes: Lanes,
}

impl Outbound {
    /// A client that keeps `policy` and asks the system's resolver.
    ///
    /// # Errors
    /// [`OutboundError::Setup`] when the TLS library cannot start or a trusted root is not a PEM certificate.
    pub fn new(policy: OutboundPolicy) -> Result<Self, OutboundError> {
        Self::with_resolver(policy, Arc::new(SystemResolver))
    }

    /// Like [`Outbound::new`] with names resolved by `names`; its answers are checked like any other.
    ///
    /// # Errors
    /// [`OutboundError::Setup`] as above.
    pub fn with_resolver(policy: OutboundPolicy, names: Arc<dyn reqwest::dns::Resolve>) -> Result<Self, OutboundError> {
        let policy = Arc::new(policy);
        let client = build_client(&policy, names).map_err(|error| OutboundError::Setup(error.to_string()))?;
        Ok(Self { client, policy, lanes: Lanes::default() })
    }

    /// The check made when an admin saves a URL: syntax, scheme, port and literal address. Names are not resolved here;
    /// that happens at every fetch, so that a later change of DNS cannot slip through.
    ///
    /// # Errors
    /// [`UrlRefused`] names `field` and the fault.
    pub fn check_url(&self, field: &str, raw: &str) -> Result<Url, UrlRefused> {
        self.policy.check(raw).map_err(|fault| UrlRefused { field: field.to_owned(), fault })
    }

    /// The client as one connection uses it. `key` is what shares a bulkhead: the connection's id, say.
    #[must_use]
    pub fn lane(&self, key: Uuid) -> Lane {
        Lane { outbound: self.clone(), key }
    }

    async fn fetch(&self, request: Request<Vec<u8>>, limit: usize) -> Result<Response<Vec<u8>>, OutboundError> {
        self.check_url("url", &request.uri().to_string())?;
        let request = reqwest::Request::try_from(request).map_err(|_| OutboundError::Broken)?;
        let mut answer = self.client.execute(request).await.map_err(|error| OutboundError::from_reqwest(&error))?;
        if answer.status().is_redirection() {
            return Err(OutboundError::Redirected); // F-09
        }
        if header_bytes(answer.headers()) > MAX_HEADERS {
            return Err(OutboundError::Headers); // F-20
        }
        let limit = limit.min(MAX_BODY);
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| OutboundError::from_reqwest(&error))? {
            if body.len() + chunk.len() > limit {
                return Err(OutboundError::TooLarge(limit)); // F-14: counted after gzip
            }
            body.extend_from_slice(&chunk);
        }
        let mut response = Response::new(body);
        *response.status_mut() = answer.status();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        Ok(response)
    }
}

/// [`Outbound`] bound to one bulkhead: at most 8 requests in flight and 248 waiting within their deadline; more fail at
/// once.
#[derive(Clone)]
pub struct Lane {
    outbound: Outbound,
    key: Uuid,
}

impl Lane {
    /// Sends `request` and reads the whole answer, at most `limit` bytes (and never more than [`MAX_BODY`]).
    ///
    /// Any status but a redirect is an answer. The shape fits `openidconnect::AsyncHttpClient`: pass
    /// `&|request| lane.send(request, limit)`.
    ///
    /// # Errors
    /// [`OutboundError`]; none of its texts tells which internal hosts exist.
    pub async fn send(&self, request: Request<Vec<u8>>, limit: usize) -> Result<Response<Vec<u8>>, OutboundError> {
        let ticket = self.outbound.lanes.join(self.key).ok_or(OutboundError::Busy)?;
        let asked = async {
            let _place = ticket.turn().await;
            self.outbound.fetch(request, limit).await
        };
        let deadline = self.outbound.policy.total_timeout;
        tokio::time::timeout(deadline, asked).await.unwrap_or(Err(OutboundError::Timeout))
    }

    /// GETs `url` with the given `Accept` header.
    ///
    /// # Errors
    /// As [`Lane::send`].
    pub async fn get(&self, url: &str, accept: &str, limit: usize) -> Result<Response<Vec<u8>>, OutboundError> {
        let request = Request::get(url).header(http::header::ACCEPT, accept).body(Vec::new());
        self.send(request.map_err(|_| OutboundError::Broken)?, limit).await
    }

    /// See [`Outbound::check_url`].
    ///
    /// # Errors
    /// [`UrlRefused`].
    pub fn check_url(&self, field: &str, raw: &str) -> Result<Url, UrlRefused> {
        self.outbound.check_url(field, raw)
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one client that everybody else must use")]
fn build_client(
    policy: &Arc<OutboundPolicy>,
    names: Arc<dyn reqwest::dns::Resolve>,
) -> reqwest::Result<reqwest::Client> {
    let mut roots = Vec::new();
    for pem in &policy.trusted_roots {
        roots.extend(reqwest::Certificate::from_pem_bundle(pem)?);
    }
    reqwest::Client::builder()
        .user_agent(concat!("doorward/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .no_proxy() // F-13
        .connect_timeout(policy.connect_timeout)
        .timeout(policy.total_timeout)
        .min_tls_version(reqwest::tls::Version::TLS_1_2)
        .tls_certs_merge(roots)
        .http1_max_headers(100)
        .http2_max_header_list_size(64 << 10)
        .pool_max_idle_per_host(4)
        .dns_resolver(GuardedResolver::new(Arc::clone(policy), names))
        .build()
}

fn header_bytes(headers: &http::HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum()
}

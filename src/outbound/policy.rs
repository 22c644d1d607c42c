//! Where requests may go, as far as a URL tells.

use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;
use std::time::Duration;

use ipnet::IpNet;
use serde::Deserialize;
use url::{Host, Url};

use super::address::is_public;
use super::error::UrlFault;

const MAX_URL: usize = 2048;
/// Names that never belong to somebody else's public machine (RFC 6762, RFC 8375, ICANN's `internal`).
const INTERNAL_SUFFIXES: [&str; 4] = [".local", ".internal", ".home.arpa", ".localhost"];

/// One entry of `outbound.allow`: what it names may be reached by http, on any port (or the one given), at any address.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum AllowRule {
    /// Addresses: `127.0.0.0/8`, `10.1.2.3`.
    Net(IpNet),
    /// A host name, or with `*.` in front every name below it; with `:port` only that port.
    Host {
        /// The name in lower case, without `*.`.
        name: String,
        /// Whether it stands for the names below it.
        subdomains: bool,
        /// The only port, if given.
        port: Option<u16>,
    },
}

impl FromStr for AllowRule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(net) = text.parse::<IpNet>() {
            return Ok(Self::Net(net));
        }
        if let Ok(ip) = text.parse::<IpAddr>() {
            return Ok(Self::Net(IpNet::from(ip)));
        }
        let wrong = || {
            format!(
                "{text:?} is neither a network such as 10.0.0.0/8 nor a host: say host or host:port, without a scheme \
                 (idp.example, idp.example:8443, *.example)"
            )
        };
        let (name, port) = match text.rsplit_once(':') {
            Some((name, port)) => (name, Some(port.parse().map_err(|_| wrong())?)),
            None => (text, None),
        };
        let (name, subdomains) = name.strip_prefix("*.").map_or((name, false), |below| (below, true));
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
        if name.is_empty() || !name.chars().all(plain) {
            return Err(wrong());
        }
        Ok(Self::Host { name: name.to_ascii_lowercase(), subdomains, port })
    }
}

impl TryFrom<String> for AllowRule {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl AllowRule {
    fn names(&self, host: &str) -> bool {
        match self {
            Self::Net(_) => false,
            Self::Host { name, subdomains: false, .. } => host == name,
            Self::Host { name, subdomains: true, .. } => {
                host.strip_suffix(name.as_str()).is_some_and(|rest| rest.ends_with('.'))
            }
        }
    }
}

/// What the outbound client may reach.
#[derive(Debug, Clone)]
pub struct OutboundPolicy {
    /// Exceptions for the demo, tests and intranet providers.
    pub allow: Vec<AllowRule>,
    /// Our own public host names, which are refused unless `allow` names them.
    pub own_hosts: Vec<String>,
    /// PEM bundles of certificate authorities trusted beside the system's.
    pub trusted_roots: Vec<Vec<u8>>,
    /// Longest time for TCP and TLS.
    pub connect_timeout: Duration,
    /// Longest time for a request with its whole answer.
    pub total_timeout: Duration,
}

impl Default for OutboundPolicy {
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            own_hosts: Vec::new(),
            trusted_roots: Vec::new(),
            connect_timeout: Duration::from_secs(5),
            total_timeout: Duration::from_secs(10),
        }
    }
}

impl OutboundPolicy {
    /// Parses `raw` and refuses what may not be asked; see [`UrlFault`] for the reasons.
    ///
    /// # Errors
    /// The first fault found.
    pub fn check(&self, raw: &str) -> Result<Url, UrlFault> {
        // F-06: tabs, newlines and backslashes are where URL parsers disagree; ours would quietly repair them.
        if raw.len() > MAX_URL || raw.chars().any(|c| c.is_whitespace() || c.is_control() || c == '\\') {
            return Err(UrlFault::Malformed);
        }
        let url = Url::parse(raw).map_err(|_| UrlFault::Malformed)?;
        // F-06: `https:op.example` and `https:///op.example` are repaired as well.
        let repaired = |rest: &str| !rest.starts_with("://") || rest.starts_with(":///");
        if url.has_host() && raw.get(url.scheme().len()..).is_none_or(repaired) {
            return Err(UrlFault::Malformed);
        }
        if !matches!(url.scheme(), "https" | "http") {
            return Err(UrlFault::NotHttps);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(UrlFault::Credentials);
        }
        if url.fragment().is_some() {
            return Err(UrlFault::Fragment);
        }
        self.check_host(raw, &url)?;
        Ok(url)
    }

    fn check_host(&self, raw: &str, url: &Url) -> Result<(), UrlFault> {
        let host = url.host().ok_or(UrlFault::Malformed)?;
        let port = url.port_or_known_default().ok_or(UrlFault::Malformed)?;
        let name = host.to_string();
        if name.ends_with('.') {
            return Err(UrlFault::Address);
        }
        if matches!(host, Host::Ipv4(_)) && !is_written_as(raw, &name) {
            return Err(UrlFault::Address); // F-04: what is 8.0.0.1 to us may be 10.0.0.1 to another reader
        }
        if literal(&host).is_some_and(|ip| self.allows_address(ip)) {
            return Ok(());
        }
        let rules: Vec<_> = self.allow.iter().filter(|rule| rule.names(&name)).collect();
        if !rules.is_empty() {
            let fits = |rule: &&AllowRule| matches!(rule, AllowRule::Host { port: only, .. } if only.is_none_or(|p| p == port));
            return if rules.iter().any(fits) { Ok(()) } else { Err(UrlFault::Port) };
        }
        if self.own_hosts.iter().any(|own| own.eq_ignore_ascii_case(&name)) {
            return Err(UrlFault::OwnHost); // F-11
        }
        if !is_public_host(&host) {
            return Err(UrlFault::Address); // F-01 to F-05
        }
        if url.scheme() != "https" {
            return Err(UrlFault::NotHttps);
        }
        if port != 443 {
            return Err(UrlFault::Port); // F-10
        }
        Ok(())
    }

    /// Whether `allow` has a network that holds `ip`.
    pub(super) fn allows_address(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        self.allow.iter().any(|rule| matches!(rule, AllowRule::Net(net) if net.contains(&ip)))
    }

    /// Whether a connection to `host` at `ip` is permitted.
    pub(super) fn permits(&self, host: &str, ip: IpAddr) -> bool {
        is_public(ip) || self.allows_address(ip) || self.allow.iter().any(|rule| rule.names(host))
    }
}

/// What `localhost` and the names below it mean, whatever a resolver says (RFC 6761).
pub(super) fn loopback_name(name: &str) -> Option<IpAddr> {
    (name == "localhost" || name.ends_with(".localhost")).then_some(IpAddr::V4(Ipv4Addr::LOCALHOST))
}

/// The address that a host means without asking DNS.
fn literal(host: &Host<&str>) -> Option<IpAddr> {
    match host {
        Host::Ipv4(ip) => Some(IpAddr::V4(*ip)),
        Host::Ipv6(ip) => Some(IpAddr::V6(*ip)),
        Host::Domain(name) => loopback_name(name),
    }
}

/// Whether `host` stands in `raw` as it is.
fn is_written_as(raw: &str, host: &str) -> bool {
    let authority = raw.split_once("://").map_or("", |(_, rest)| rest);
    authority.strip_prefix(host).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/', '?', '#']))
}

fn is_public_host(host: &Host<&str>) -> bool {
    match literal(host) {
        Some(ip) => is_public(ip),
        None => {
            let name = host.to_string();
            // A name without a dot is never public, and F-02's metadata.google.internal is not either.
            name.contains('.') && !INTERNAL_SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
        }
    }
}

//! Who is at the other end: the address, believed only as far as the trusted proxies go (W-12), and the browser.

use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::http::header::USER_AGENT;
use ipnet::IpNet;

/// The client's address: the peer, or when that is a trusted proxy the last untrusted entry of `X-Forwarded-For`.
#[must_use]
pub fn ip(req: &HttpRequest, trusted: &[IpNet]) -> Option<IpAddr> {
    let mut ip = req.peer_addr()?.ip().to_canonical();
    let forwarded = req.headers().get_all("x-forwarded-for").filter_map(|v| v.to_str().ok());
    let hops: Vec<&str> = forwarded.flat_map(|line| line.split(',')).map(str::trim).collect();
    for hop in hops.iter().rev() {
        if !trusted.iter().any(|net| net.contains(&ip)) {
            break;
        }
        let Ok(before) = hop.parse::<IpAddr>() else { break };
        ip = before.to_canonical();
    }
    Some(ip)
}

/// What the browser calls itself.
#[must_use]
pub fn user_agent(req: &HttpRequest) -> Option<String> {
    req.headers().get(USER_AGENT).map(|v| String::from_utf8_lossy(v.as_bytes()).into_owned())
}

//! Names to addresses, every address checked: the connection is made to what this hands out, so what was checked is pinned.

use std::net::SocketAddr;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::policy::{OutboundPolicy, loopback_name};

/// Asks the operating system.
pub(super) struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// Refuses a name when any of its addresses is not permitted (F-07, F-08): a mixture of public and private answers is
/// either an attack or a mistake.
pub(super) struct GuardedResolver {
    policy: Arc<OutboundPolicy>,
    names: Arc<dyn Resolve>,
}

impl GuardedResolver {
    pub(super) fn new(policy: Arc<OutboundPolicy>, names: Arc<dyn Resolve>) -> Self {
        Self { policy, names }
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = Arc::clone(&self.policy);
        let host = name.as_str().to_ascii_lowercase();
        let answers = self.names.resolve(name);
        Box::pin(async move {
            let found: Vec<SocketAddr> = match loopback_name(&host) {
                Some(ip) => vec![SocketAddr::new(ip, 0)],
                None => answers.await?.collect(),
            };
            if found.is_empty() || !found.iter().all(|address| policy.permits(&host, address.ip())) {
                return Err("no permitted address".into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

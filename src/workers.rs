//! What runs beside the server: reading the changes feed and sending letters each second, sweeping each minute,
//! refreshing metadata.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout_at};

use crate::context::Context;
use crate::flows::{deliver, enforce_sso, refresh_metadata, signing_keys, sweep};
use crate::store::db::DbError;
use crate::store::{changes, deliveries};

/// How often the changes feed is read.
const POLL: Duration = Duration::from_secs(1);
/// A gap after which changes may have left the ten seconds that are read.
const GAP: Duration = Duration::from_secs(8);
/// How often is swept.
const SWEEP: Duration = Duration::from_secs(60);

/// The running workers; dropping them ends them.
pub struct Workers {
    tasks: Vec<JoinHandle<()>>,
    sending: Sending,
}

/// Held while letters are sent.
type Sending = Arc<Mutex<()>>;

impl Drop for Workers {
    fn drop(&mut self) {
        for worker in &self.tasks {
            worker.abort();
        }
    }
}

impl Workers {
    /// Ends them, and lets the letter that is on its way arrive and be marked, until then: a cut one would go twice, or late
    /// . The server drains, so that no other letter is begun.
    pub async fn finish(self, deadline: Instant) {
        if timeout_at(deadline, self.sending.lock()).await.is_err() {
            tracing::warn!("stopped while a letter was on its way; it goes again");
        }
    }
}

/// Starts all of them.
#[must_use]
pub fn start(ctx: &Context) -> Workers {
    let sending = Sending::default();
    let tasks = vec![
        tokio::spawn(poll_changes(ctx.clone())),
        tokio::spawn(tidy(ctx.clone())),
        tokio::spawn(refresh_providers(ctx.clone())),
        tokio::spawn(send_letters(ctx.clone(), Arc::clone(&sending))),
    ];
    Workers { tasks, sending }
}

/// Drops what others have changed from this instance's caches, within a second.
async fn poll_changes(ctx: Context) {
    let mut ticks = interval(POLL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut seen: BTreeSet<i64> = BTreeSet::new();
    let mut last = Instant::now();
    loop {
        ticks.tick().await;
        let asked = Instant::now();
        // A database that hangs must not stop the clock of `fresh()`: the poll itself has a deadline.
        let poll = ctx.db.system(|conn| Ok::<_, DbError>(changes::recent(conn)?));
        match tokio::time::timeout(Duration::from_secs(3), poll).await {
            Ok(Ok(recent)) => {
                if last.elapsed() > GAP {
                    ctx.caches.forget_all();
                }
                for (_, tenant) in recent.iter().filter(|(id, _)| !seen.contains(id)) {
                    ctx.caches.forget(*tenant);
                }
                seen = recent.into_iter().map(|(id, _)| id).collect();
                last = asked;
                ctx.caches.polled();
            }
            Ok(Err(error)) => tracing::warn!(%error, "the changes feed could not be read; caches are bypassed"),
            Err(_) => tracing::warn!("the changes feed did not answer; caches are bypassed"),
        }
    }
}

/// Sweeps, and tells how the pool is used.
async fn tidy(ctx: Context) {
    let mut ticks = interval(SWEEP);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        ctx.begin_limit.tidy();
        ctx.garbage_limit.tidy();
        ctx.park_limit.tidy();
        if let Err(error) = sweep::sweep(&ctx).await {
            tracing::warn!(%error, "sweeping failed; it is tried again in a minute");
        }
        if let Err(error) = signing_keys::rotate_due(&ctx).await {
            tracing::warn!(%error, "looking for old signing keys failed; it is tried again in a minute");
        }
        if let Err(error) = enforce_sso::go_back_due(&ctx).await {
            tracing::warn!(%error, "looking for unconfirmed sso failed; it is tried again in a minute");
        }
        count_letters(&ctx).await;
        let (open, idle) = ctx.db.usage();
        metrics::gauge!("doorward_db_connections", "state" => "open").set(f64::from(open));
        metrics::gauge!("doorward_db_connections", "state" => "idle").set(f64::from(idle));
    }
}

/// Tells how many letters wait, and how long the oldest of them has.
async fn count_letters(ctx: &Context) {
    match ctx.db.system(|conn| Ok::<_, DbError>(deliveries::backlog(conn)?)).await {
        Ok((pending, oldest)) => {
            let waits = oldest.map_or(0, |since| (ctx.clock.now() - since).num_seconds().max(0));
            metrics::gauge!("doorward_deliveries_pending").set(pending as f64);
            metrics::gauge!("doorward_deliveries_oldest_seconds").set(waits as f64);
        }
        Err(error) => tracing::warn!(%error, "waiting letters could not be counted"),
    }
}

/// Sends letters that are due; by itself, because a mail server may hang for as long as it is let.
async fn send_letters(ctx: Context, sending: Sending) {
    let mut ticks = interval(POLL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let _held = sending.lock().await;
        if let Err(error) = deliver::deliver_due(&ctx).await {
            tracing::warn!(%error, "looking for due letters failed; it is tried again in a second");
        }
    }
}

/// Refreshes providers' metadata; by itself, because a provider may hang for as long as it is let.
async fn refresh_providers(ctx: Context) {
    let mut ticks = interval(SWEEP);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = refresh_metadata::refresh_due(&ctx).await {
            tracing::warn!(%error, "looking for due metadata failed; it is tried again in a minute");
        }
    }
}

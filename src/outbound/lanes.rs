//! Bulkheads: how many requests each connection has in flight, and how many wait their turn.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Semaphore, SemaphorePermit};
use uuid::Uuid;

/// Requests that one lane may have in flight.
pub(super) const PLACES: usize = 8;
/// Requests that one lane may have in flight and waiting: room for a burst of sign-ins, an end for a hanging provider.
pub(super) const TICKETS: usize = 256;

/// The lanes in use; an idle lane takes no memory.
#[derive(Clone, Default)]
pub(super) struct Lanes(Arc<Mutex<HashMap<Uuid, InUse>>>);

struct InUse {
    places: Arc<Semaphore>,
    tickets: usize,
}

impl Lanes {
    /// A ticket for the lane, or `None` when all are taken. Dropping it gives it back, also when the future is cancelled.
    pub(super) fn join(&self, key: Uuid) -> Option<Ticket> {
        let mut lanes = self.lock();
        let lane = lanes.entry(key).or_insert_with(|| InUse { places: Arc::new(Semaphore::new(PLACES)), tickets: 0 });
        if lane.tickets >= TICKETS {
            return None;
        }
        lane.tickets += 1;
        Some(Ticket { places: Arc::clone(&lane.places), lanes: self.clone(), key })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Uuid, InUse>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One request, waiting or in flight.
pub(super) struct Ticket {
    places: Arc<Semaphore>,
    lanes: Lanes,
    key: Uuid,
}

impl Ticket {
    /// Waits for a place in the lane; `None` never happens, because no lane is ever closed.
    pub(super) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        self.places.acquire().await.ok()
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut lanes = self.lanes.lock();
        if let Some(lane) = lanes.get_mut(&self.key) {
            lane.tickets -= 1;
            if lane.tickets == 0 {
                lanes.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_lane_refuses_until_a_ticket_comes_back_and_leaves_other_lanes_alone() {
        let lanes = Lanes::default();
        let (slow, other) = (Uuid::now_v7(), Uuid::now_v7());
        let mut tickets: Vec<_> = (0..TICKETS).map(|_| lanes.join(slow).expect("a ticket")).collect();
        assert!(lanes.join(slow).is_none());
        assert!(lanes.join(other).is_some());
        tickets.pop();
        assert!(lanes.join(slow).is_some());
        drop(tickets);
        assert!(lanes.lock().is_empty());
    }
}

//! Bulkheads: how many requests each connection has in flight.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

/// Requests that one lane may have in flight.
const PLACES: usize = 8;

/// Counts of the lanes in use; an idle lane takes no memory.
#[derive(Clone, Default)]
pub(super) struct Lanes(Arc<Mutex<HashMap<Uuid, usize>>>);

impl Lanes {
    /// A place in the lane, or `None` when it is full. Dropping the place frees it, also when the future is cancelled.
    pub(super) fn enter(&self, key: Uuid) -> Option<Place> {
        let mut counts = self.counts();
        let count = counts.entry(key).or_default();
        if *count >= PLACES {
            return None;
        }
        *count += 1;
        Some(Place {
            lanes: self.clone(),
            key,
        })
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<Uuid, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One request in flight.
pub(super) struct Place {
    lanes: Lanes,
    key: Uuid,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.lanes.counts();
        if let Some(count) = counts.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_lane_refuses_until_a_place_is_free_and_leaves_other_lanes_alone() {
        let lanes = Lanes::default();
        let (slow, other) = (Uuid::now_v7(), Uuid::now_v7());
        let mut places: Vec<_> = (0..PLACES).map(|_| lanes.enter(slow).expect("a place")).collect();
        assert!(lanes.enter(slow).is_none());
        assert!(lanes.enter(other).is_some());
        places.pop();
        assert!(lanes.enter(slow).is_some());
        drop(places);
        assert!(lanes.counts().is_empty());
    }
}

//! What events tell about deliveries: by id, never to whom or with what link.

use serde::Serialize;
use uuid::Uuid;

/// A delivery that was given up, tried again by hand or cancelled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeliveryOf {
    /// The delivery.
    pub id: Uuid,
    /// What it is, such as `invitation`.
    pub kind: String,
}

//! Letters: what they say, how they go, and what becomes of those that do not.

mod expiry;
mod faults;
mod kills;
mod letters;
mod rest;
mod smtp;

use uuid::Uuid;

use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::sign_in::id;

/// The tenant's own id.
async fn tenant_id(admin: &Admin) -> Uuid {
    id(&admin.get("").await.ok()).parse().unwrap()
}

/// A server with the tenant acme: its owner, and its id.
async fn acme(app: &TestApp) -> (Admin, Uuid) {
    let owner = app.tenant("acme").await;
    let tenant = tenant_id(&owner).await;
    (owner, tenant)
}

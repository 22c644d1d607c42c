//! Group T of the attack list: tenants kept apart, roles kept in their bounds. T-01's sweep of every route is
//! `tenancy_sweep`, T-12 is `database::walls`.

mod races;
mod roles;
mod walls;
mod whole_tenants;

use serde_json::Value;

/// The id of an object as text.
fn id(object: &Value) -> &str {
    object["id"].as_str().unwrap()
}

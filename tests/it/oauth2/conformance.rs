//! What the conformance suite of the OpenID Foundation asks of a provider, as far as no other test shows it
//! (docs/conformance.md names the test of each module).

mod answers;
mod logout;
mod prompts;
mod requests;
mod reuse;

use super::scene::{Scene, becomes_invalid};

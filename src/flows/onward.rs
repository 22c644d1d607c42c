//! Onward: where the browser goes next, with a message for the provider.

use url::Url;

use crate::flows::Error;
use crate::model::connection::saml::Binding;
use crate::protocol::saml::binding::{post, redirect};
use crate::protocol::saml::key::SpKey;
use crate::protocol::saml::message::Message;

/// Where the browser goes next.
#[derive(Debug)]
pub enum Onward {
    /// By a redirect.
    Redirect(Url),
    /// By a form that it posts.
    Form {
        /// Where to.
        to: Url,
        /// Names and values.
        fields: Vec<(&'static str, String)>,
    },
}

/// Lets the browser carry a SAML message to `to`, signed when there is a key.
///
/// # Errors
/// [`Error::Internal`] when the address is none, which loading has excluded, or signing fails.
pub fn carry(
    message: &Message,
    to: &str,
    binding: Binding,
    relay_state: Option<&str>,
    key: Option<&SpKey>,
) -> Result<Onward, Error> {
    let to = Url::parse(to).map_err(|e| Error::Internal(e.to_string()))?;
    let failed = |error: crate::protocol::saml::key::KeyError| Error::Internal(error.to_string());
    match binding {
        Binding::Redirect => redirect::url(message, &to, relay_state, key).map(Onward::Redirect).map_err(failed),
        Binding::Post => {
            let mut fields = vec![(message.kind.parameter(), post::encode(message, key).map_err(failed)?)];
            fields.extend(relay_state.map(|state| ("RelayState", state.to_owned())));
            Ok(Onward::Form { to, fields })
        }
    }
}

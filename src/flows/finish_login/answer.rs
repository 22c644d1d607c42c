//! What a provider answers, in either protocol, and how it came.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::flows::Error;
use crate::model::audit::LoginMethod;
use crate::model::connection::Settings;
use crate::model::connection::oidc::ResponseMode;
use crate::protocol::saml::binding::post;
use crate::protocol::saml::{SamlError, unverified};

/// The parameters of an authorization response (RFC 6749 section 4.1.2, RFC 9207).
#[derive(Debug, Clone, Default)]
pub struct ResponseParams {
    /// `state`.
    pub state: Option<String>,
    /// `code`.
    pub code: Option<SecretString>,
    /// `iss`.
    pub iss: Option<String>,
    /// `error`.
    pub error: Option<String>,
    /// `error_description`.
    pub error_description: Option<String>,
}

/// The form of the POST binding (SAML bindings section 3.5.4).
#[derive(Debug, Clone, Default)]
pub struct SamlForm {
    /// `SAMLResponse`: base64.
    pub response: SecretString,
    /// `RelayState`; ours is the attempt's `state`.
    pub relay_state: Option<String>,
}

/// A provider's answer, of which nothing is believed yet.
#[derive(Debug, Clone)]
pub enum Answer {
    /// By OpenID Connect.
    Oidc(ResponseParams),
    /// By SAML.
    Saml(SamlForm),
}

impl Answer {
    /// What names the attempt.
    pub(super) fn state(&self) -> Option<&str> {
        match self {
            Self::Oidc(params) => params.state.as_deref(),
            Self::Saml(form) => form.relay_state.as_deref(),
        }
    }

    /// The method of the login that it belongs to.
    pub(super) fn method(&self) -> LoginMethod {
        match self {
            Self::Oidc(_) => LoginMethod::Oidc,
            Self::Saml(_) => LoginMethod::Saml,
        }
    }

    /// Whether a connection with these settings is answered so (O-16).
    pub(super) fn fits(&self, settings: &Settings, posted: bool) -> bool {
        match (self, settings) {
            (Self::Oidc(_), Settings::Oidc(settings)) => (settings.response_mode == ResponseMode::FormPost) == posted,
            (Self::Saml(_), Settings::Saml(_)) => posted,
            _ => false,
        }
    }
}

/// How the provider's answer came.
pub enum Way {
    /// In the query of a redirect.
    Query(Answer),
    /// In a form that the browser posted.
    FormPost(Answer),
    /// By the same-site GET that fetches a parked form post.
    Resume(Uuid),
}

/// What a parked authorization response is sealed as.
#[derive(Serialize, Deserialize)]
struct ParkedParams {
    state: String,
    code: Option<String>,
    iss: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

/// Why an answer is not parked.
pub(super) enum Unparkable {
    /// It is none: the code of the refusal.
    Refused(&'static str),
    /// It cannot be written down.
    Failed(Error),
}

impl Answer {
    /// What is sealed until the browser comes back for it. Anybody can post here, so of SAML it is the decoded message,
    /// once it passed the gate: `RelayState`, a line's end, the XML. The other one is a JSON object, which no state of ours
    /// begins like.
    ///
    /// # Errors
    /// [`Unparkable::Refused`] for what is no message; [`Unparkable::Failed`], which strings do not make.
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, Unparkable> {
        let parked = match self {
            Self::Oidc(params) => ParkedParams {
                state: params.state.clone().unwrap_or_default(),
                code: params.code.as_ref().map(|code| code.expose_secret().to_owned()),
                iss: params.iss.clone(),
                error: params.error.clone(),
                error_description: params.error_description.clone(),
            },
            Self::Saml(form) => {
                let refused = |error: SamlError| Unparkable::Refused(error.code());
                let xml = post::read(form.response.expose_secret()).map_err(refused)?;
                unverified::bounded(&xml).map_err(refused)?;
                let state = form.relay_state.as_deref().unwrap_or_default();
                return Ok([state.as_bytes(), b"\n", &xml].concat());
            }
        };
        serde_json::to_vec(&parked).map_err(|e| Unparkable::Failed(Error::Internal(e.to_string())))
    }

    /// Reads what [`Self::to_bytes`] gave.
    ///
    /// # Errors
    /// [`Error::Internal`] for anything else.
    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        if !bytes.starts_with(b"{") {
            let (state, xml) = bytes.split_at(bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len()));
            let state = std::str::from_utf8(state).map_err(|e| Error::Internal(e.to_string()))?;
            let response = STANDARD.encode(xml.get(1..).unwrap_or_default()).into();
            return Ok(Self::Saml(SamlForm { response, relay_state: Some(state.to_owned()) }));
        }
        let parked: ParkedParams = serde_json::from_slice(bytes).map_err(|e| Error::Internal(e.to_string()))?;
        let ParkedParams { state, code, iss, error, error_description } = parked;
        let code = code.map(SecretString::from);
        Ok(Self::Oidc(ResponseParams { state: Some(state), code, iss, error, error_description }))
    }
}

//! AuthorizationRequest: an application's request that waits for its user to sign in or to consent.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::model::application::ClientRef;
use crate::model::json::Json;

/// How long a request waits, in minutes.
pub const REQUEST_MINUTES: i64 = 30;

/// The checked parameters of an authorization request (RFC 6749 section 4.1.1, OpenID Connect Core 1.0 section 3.1.2.1).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AuthorizationParams {
    /// One of the application's.
    pub redirect_uri: String,
    /// Whether the answer is posted as a form instead of redirected.
    pub form_post: bool,
    /// Granted as far as the application may have them.
    pub scope: String,
    /// The resource server that access tokens are for (RFC 8707).
    pub resource: Option<String>,
    /// Given back untouched.
    pub state: Option<String>,
    /// Put into the ID token.
    pub nonce: Option<String>,
    /// S256.
    pub code_challenge: String,
    /// `none`: show no page.
    pub prompt_none: bool,
    /// `login`: prove who you are again.
    pub prompt_login: bool,
    /// `consent`: ask even if it was agreed before.
    pub prompt_consent: bool,
    /// `select_account`: let the person choose.
    pub prompt_select_account: bool,
    /// The oldest login that will do, in seconds.
    pub max_age: Option<u32>,
    /// Whom the application expects.
    pub login_hint: Option<String>,
    /// The user of the `id_token_hint`.
    pub hinted_user: Option<Uuid>,
    /// Wished authentication contexts; passed on to the identity provider.
    pub acr_values: Option<String>,
    /// Straight to this connection.
    pub connection: Option<Uuid>,
}

impl AuthorizationParams {
    /// Whether the person has to prove who they are anew, whatever session there is.
    #[must_use]
    pub fn wants_fresh_login(&self) -> bool {
        self.prompt_login || self.prompt_select_account
    }
}

/// A waiting request (the whole row).
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = crate::schema::authorization_requests)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct AuthorizationRequest {
    pub tenant_id: Uuid,
    pub id: Uuid,
    pub application_id: Option<Uuid>,
    pub installation_application_id: Option<Uuid>,
    pub request: Json<AuthorizationParams>,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

impl AuthorizationRequest {
    /// Whose request it is.
    #[must_use]
    pub fn client(&self) -> ClientRef {
        ClientRef { application_id: self.application_id, installation_application_id: self.installation_application_id }
    }
}

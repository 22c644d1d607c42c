//! Why a SAML message is refused: a stable code for everybody, a sentence for the admin.
//!
//! Sentences may quote the message, tamed; they never hold keys, plaintext or assertions.

/// Everything that a SAML message can be refused for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SamlError {
    /// Not the XML that we read: encoding, form, DTD, processing instructions.
    #[error("the message is not acceptable XML: {0}")]
    Malformed(&'static str),
    /// Bigger, deeper or wider than any honest message.
    #[error("the message has more than {0}")]
    TooLarge(&'static str),
    /// Parameters of the Redirect or POST binding that are missing, repeated or disguised (C-45).
    #[error("the message does not come as its binding demands: {0}")]
    Binding(&'static str),
    /// Elements, signatures or IDs where they do not belong (signature wrapping).
    #[error("the message is not built as it should be: {0}")]
    Structure(&'static str),
    /// Nothing that we demand a signature on has one.
    #[error("the {0} is not signed")]
    SignatureMissing(&'static str),
    /// An algorithm that the connection does not allow.
    #[error("the algorithm {0:?} is not allowed")]
    Algorithm(String),
    /// The signature is not by one of the pinned certificates, or something was changed.
    #[error("the signature of the {0} is not valid for the connection's certificates")]
    SignatureInvalid(String),
    /// The connection has no certificate to verify with (S-02).
    #[error("the connection has no usable signing certificate")]
    NoCertificate,
    /// Our own decryption key cannot be used.
    #[error("a decryption key of the connection cannot be used")]
    DecryptionKey,
    /// The assertion must be encrypted and is not.
    #[error("the assertion is not encrypted")]
    EncryptionMissing,
    /// AES-CBC where it is not allowed: it is off, or the response around it is not signed (S-24).
    #[error("the assertion is encrypted with AES-CBC, which needs to be allowed, and a signature on the response")]
    CbcRefused,
    /// Decryption failed, whatever the reason (S-24 to S-28).
    #[error("the assertion cannot be decrypted with the connection's keys")]
    Decryption,
    /// The provider said no.
    #[error("the provider answered {status:?} {message:?}")]
    Status {
        /// The status codes, outer and inner.
        status: String,
        /// What it says, tamed.
        message: String,
    },
    /// `Destination` is not our address (C-09).
    #[error("Destination is {0:?}, which is no address of this connection")]
    Destination(String),
    /// An `Issuer` is missing or not the configured one (C-13).
    #[error("Issuer of the {place} is {got:?}, expected {expected:?}")]
    Issuer {
        /// Response or assertion.
        place: &'static str,
        /// As configured.
        expected: String,
        /// As it came.
        got: String,
    },
    /// `InResponseTo` is not this sign-in's request, or there was none (C-21 to C-24).
    #[error("InResponseTo is {0:?}, which is not the request of this sign-in")]
    InResponseTo(String),
    /// An audience restriction that does not name us (C-06, C-07).
    #[error("the audience is {0:?}, which is not this connection")]
    Audience(String),
    /// No bearer confirmation fits (C-03, C-09, C-10, C-16).
    #[error("the subject is not confirmed for us: {0}")]
    Confirmation(&'static str),
    /// A time has passed.
    #[error("{0} has passed; check both clocks")]
    Expired(&'static str),
    /// A time is yet to come.
    #[error("{0} is in the future; check both clocks")]
    NotYetValid(&'static str),
    /// Something mandatory is not there.
    #[error("there is no {0}")]
    Missing(&'static str),
    /// A value that cannot be read as what it should be.
    #[error("{0} cannot be read")]
    Unreadable(&'static str),
    /// The subject has no usable NameID (C-17, C-18).
    #[error("the NameID cannot be used: {0}")]
    Subject(&'static str),
    /// The authentication was weaker than asked for (C-20).
    #[error("the authentication context is {0:?}, which was not asked for")]
    AuthnContext(String),
    /// The person did not authenticate again although asked to (C-20).
    #[error("the authentication is older than this sign-in")]
    AuthenticationTooOld,
    /// Attributes that are repeated, too many or too long (C-58).
    #[error("the attributes cannot be used: {0}")]
    Attributes(&'static str),
}

impl SamlError {
    /// A stable, machine-readable reason.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "saml_message_malformed",
            Self::TooLarge(_) => "saml_message_too_large",
            Self::Binding(_) => "saml_binding_refused",
            Self::Structure(_) => "saml_structure_refused",
            Self::SignatureMissing(_) => "saml_signature_missing",
            Self::Algorithm(_) => "saml_algorithm_refused",
            Self::SignatureInvalid(_) => "saml_signature_invalid",
            Self::NoCertificate => "saml_certificate_missing",
            Self::DecryptionKey => "saml_decryption_key_unusable",
            Self::EncryptionMissing => "saml_encryption_missing",
            Self::CbcRefused => "saml_cbc_refused",
            Self::Decryption => "saml_decryption_failed",
            Self::Status { .. } => "saml_status_not_success",
            Self::Destination(_) => "saml_destination_mismatch",
            Self::Issuer { .. } => "saml_issuer_mismatch",
            Self::InResponseTo(_) => "saml_in_response_to_mismatch",
            Self::Audience(_) => "saml_audience_mismatch",
            Self::Confirmation(_) => "saml_confirmation_refused",
            Self::Expired(_) => "saml_expired",
            Self::NotYetValid(_) => "saml_not_yet_valid",
            Self::Missing(_) => "saml_element_missing",
            Self::Unreadable(_) => "saml_value_unreadable",
            Self::Subject(_) => "saml_subject_refused",
            Self::AuthnContext(_) => "saml_authn_context_mismatch",
            Self::AuthenticationTooOld => "saml_authentication_too_old",
            Self::Attributes(_) => "saml_attributes_refused",
        }
    }
}

/// What somebody else wrote, fit for a log line or a page: printable, at most 200 characters.
pub(super) fn tame(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

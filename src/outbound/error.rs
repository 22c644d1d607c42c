//! Why a request was not made or not answered.

use std::error::Error as _;
use std::io;

/// How the installation's operator lifts a rule.
const NAME_IT: &str = "; to allow it, name the host in the setting outbound_allow (DOORWARD_OUTBOUND_ALLOW)";

/// What is wrong with a URL, seen without asking anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UrlFault {
    /// Not a URL, too long, or with characters that parsers disagree about (F-06).
    #[error("is not a well-formed URL of at most 2048 characters")]
    Malformed,
    /// Neither https nor an allowed http.
    #[error("must begin with https://{NAME_IT}")]
    NotHttps,
    /// A user name or password in the URL.
    #[error("must not carry a user name or password")]
    Credentials,
    /// A `#fragment`.
    #[error("must not have a fragment")]
    Fragment,
    /// A port other than 443 (F-10).
    #[error("must use port 443{NAME_IT}")]
    Port,
    /// A literal address or a name that is not public (F-01 to F-06).
    #[error("must name a public host{NAME_IT}")]
    Address,
    /// Doorward's own host (F-11).
    #[error("must not point at this installation itself{NAME_IT}")]
    OwnHost,
}

/// A URL that may not be used, and the field that holds it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} {fault}")]
pub struct UrlRefused {
    /// The field as the caller named it.
    pub field: String,
    /// What is wrong.
    pub fault: UrlFault,
}

/// Why there is no answer. A name that does not exist, one that leads to a refused address and a closed port all read
/// the same, so that nobody can map an internal network from here.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// The URL itself is refused.
    #[error(transparent)]
    Url(#[from] UrlRefused),
    /// No permitted address, or nothing listens there.
    #[error("the server cannot be reached: its name leads to no permitted address, or nobody answers there")]
    Unreachable,
    /// The TLS handshake failed (F-12).
    #[error("the server's TLS certificate or protocol version is not acceptable")]
    Tls,
    /// Connect, headers and body together took too long.
    #[error("the server did not answer in time")]
    Timeout,
    /// The inflated body is larger than the given number of bytes.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// Too many or too large headers.
    #[error("the answer has too many or too large headers")]
    Headers,
    /// A 3xx answer.
    #[error("the server answered with a redirect, and redirects are not followed")]
    Redirected,
    /// The lane is full.
    #[error("too many requests to this server are already waiting for an answer")]
    Busy,
    /// Not HTTP, or cut short.
    #[error("the answer is not valid HTTP or was cut short")]
    Broken,
    /// The client could not be built.
    #[error("the HTTP client cannot be set up: {0}")]
    Setup(String),
}

impl OutboundError {
    /// A stable, machine-readable name.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Url(_) => "outbound_url_refused",
            Self::Unreachable => "outbound_unreachable",
            Self::Tls => "outbound_tls_refused",
            Self::Timeout => "outbound_timeout",
            Self::TooLarge(_) => "outbound_answer_too_large",
            Self::Headers => "outbound_headers_too_large",
            Self::Redirected => "outbound_redirect_refused",
            Self::Busy => "outbound_busy",
            Self::Broken => "outbound_answer_broken",
            Self::Setup(_) => "outbound_setup_failed",
        }
    }

    /// Whether the server did answer, in a way that is refused.
    #[must_use]
    pub fn is_answer(&self) -> bool {
        matches!(self, Self::TooLarge(_) | Self::Headers | Self::Redirected | Self::Broken)
    }

    /// Sorts a reqwest error; its own text (addresses, system errors) is dropped on purpose.
    pub(super) fn from_reqwest(error: &reqwest::Error) -> Self {
        if error.is_timeout() {
            Self::Timeout
        } else if error.is_connect() {
            if is_tls(error) { Self::Tls } else { Self::Unreachable }
        } else {
            Self::Broken
        }
    }
}

/// A handshake failure reaches us as an `InvalidData` I/O error, often wrapped in another I/O error.
fn is_tls(error: &reqwest::Error) -> bool {
    let mut source = error.source();
    while let Some(cause) = source {
        if cause.downcast_ref::<io::Error>().is_some_and(is_invalid_data) {
            return true;
        }
        source = cause.source();
    }
    false
}

/// Looks into what an I/O error wraps, which its `source` skips.
fn is_invalid_data(error: &io::Error) -> bool {
    let wrapped = || error.get_ref().and_then(|inner| inner.downcast_ref::<io::Error>());
    error.kind() == io::ErrorKind::InvalidData || wrapped().is_some_and(is_invalid_data)
}

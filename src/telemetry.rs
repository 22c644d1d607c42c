//! Logs and metrics. A request's span holds method, route and request id; never its query, headers or body, because
//! codes, states and tokens live there (K-03).

use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::{Error, HttpMessage, body::MessageBody};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use std::io::{self, IsTerminal};
use std::sync::OnceLock;
use tracing::Span;
use tracing_actix_web::{RequestId, RootSpanBuilder};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use crate::config::Config;
use crate::config::settings::LogFormat;

static METRICS: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Starts logging to standard error. Does nothing when it is started already.
pub fn start_logging(config: &Config) {
    let filter = filter(&config.log_level).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter).with_ansi(io::stderr().is_terminal()).with_writer(io::stderr);
    let _ = match config.log_format {
        // Both escape control characters in values, so a name cannot forge a line (K-04).
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
        LogFormat::Text => builder.try_init(),
    };
}

/// The filter of `log_level`. Read strictly: the crate takes a misspelt level for a target, and then nothing is logged.
///
/// # Errors
/// What a right one looks like.
pub fn filter(text: &str) -> Result<EnvFilter, String> {
    let parts: Vec<&str> = text.split(',').map(str::trim).collect();
    // An empty level would be read as `error`.
    let level = |part: &str| part.rsplit('=').next().filter(|level| !level.is_empty()).map(str::parse::<LevelFilter>);
    let is_level = |part: &str| level(part).is_some_and(|read| read.is_ok());
    match parts.iter().find(|part| !is_level(part)) {
        None => EnvFilter::try_new(parts.join(",")).map_err(|_| RULE.to_owned()),
        Some(wrong) => Err(format!("{:?}: {RULE}", wrong.chars().take(40).collect::<String>())),
    }
}

const RULE: &str = "must be a level (error, warn, info, debug, trace, off) or target=level, several with commas between, \
                    such as info,doorward=debug";

/// The process's metrics, ready to be rendered; the same ones however often it is called.
pub fn metrics() -> Option<&'static PrometheusHandle> {
    METRICS.get_or_init(|| PrometheusBuilder::new().install_recorder().ok()).as_ref()
}

/// A route's pattern without the expressions that its parts must match: `{id}` for `{id:[0-9a-f]{8}}`.
fn readable(pattern: &str) -> String {
    let (mut depth, mut in_expression, mut text) = (0_usize, false, String::new());
    for c in pattern.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ':' if depth == 1 => in_expression = true,
            _ => {}
        }
        in_expression &= depth > 0;
        if !in_expression {
            text.push(c);
        }
    }
    text
}

/// The span of a request.
pub struct RequestSpan;

impl RootSpanBuilder for RequestSpan {
    fn on_request_start(request: &ServiceRequest) -> Span {
        let request_id = request.extensions().get::<RequestId>().map(|id| **id);
        let route = request.match_pattern().map_or_else(|| "unmatched".into(), |pattern| readable(&pattern));
        tracing::info_span!(
            "request",
            method = %request.method(),
            route,
            request_id = request_id.map(|id| id.to_string()),
            status = tracing::field::Empty,
        )
    }

    fn on_request_end<B: MessageBody>(span: Span, outcome: &Result<ServiceResponse<B>, Error>) {
        let status = match outcome {
            Ok(response) => response.status().as_u16(),
            Err(error) => error.as_response_error().status_code().as_u16(),
        };
        span.record("status", status);
        metrics::counter!("doorward_http_requests_total", "status" => status.to_string()).increment(1);
        tracing::debug!(parent: &span, "answered");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_are_logged_without_expressions() {
        assert_eq!(readable("/t/{a}/x/{id:[0-9]{8}-[a-f]{2}}/y/{b}:z"), "/t/{a}/x/{id}/y/{b}:z");
        assert_eq!(readable("/healthz"), "/healthz");
    }

    #[test]
    fn a_misspelt_level_is_refused_and_told() {
        for good in ["info", "warn,doorward=debug", "off", "actix_web=error, doorward[request]=trace"] {
            assert!(filter(good).is_ok(), "{good}");
        }
        for (wrong, part) in
            [("nfo", "nfo"), ("info,nonsense=blah", "nonsense=blah"), ("doorward", "doorward"), ("info,", "")]
        {
            let said = filter(wrong).unwrap_err();
            assert!(said.starts_with(&format!("{part:?}: must be a level (error, warn")), "{wrong}: {said}");
        }
    }
}

//! demo.
pub(super) fn configuration(
    _: Option<std::path::PathBuf>,
) -> Result<crate::config::Config, crate::config::ConfigError> {
    crate::config::load(None, false)
}
pub(super) async fn run(_config: crate::config::Config, _check: bool) -> Result<(), Box<dyn std::error::Error>> {
    Ok(())
}

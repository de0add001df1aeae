//! pending
use crate::stop::Result;
use std::path::Path;
use std::process::ExitCode;
pub(crate) fn run(_binary: Option<&Path>) -> Result<ExitCode> {
    Err(crate::stop::Stop::new("x"))
}

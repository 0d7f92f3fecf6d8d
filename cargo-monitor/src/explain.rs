//! From an error to what the user is told, and to the exit code.

use std::io;

use clap::error::{ContextKind, ContextValue};
use monitor_report::ReportError;
use monitor_report::select::{SelectError, TestError};
use monitor_store::StoreError;

use crate::exit::Exit;
use crate::output;

/// Tells an error on stderr (help and version: on stdout), and returns its exit code.
pub fn explain(error: &anyhow::Error) -> Exit {
    match error.downcast_ref::<clap::Error>() {
        Some(usage) => {
            // Nobody is left to be told where this fails.
            let _ = usage.print();
            if usage.use_stderr() { Exit::Usage } else { Exit::Success }
        }
        None => {
            let exit = of(error);
            if exit != Exit::Success {
                output::error(error);
            }
            exit
        }
    }
}

/// The exit code of an error. Whoever closes the pipe that we write to (`| head`) has had enough: no error.
#[must_use]
pub fn of(error: &anyhow::Error) -> Exit {
    for cause in error.chain() {
        if cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
            return Exit::Success;
        }
        if let Some(error) = cause.downcast_ref::<ReportError>() {
            match error {
                ReportError::Session(SelectError::NoCount { .. } | SelectError::Nameless)
                | ReportError::Test(TestError::Nameless) => return Exit::Usage,
                ReportError::Session(_) | ReportError::Test(_) => return Exit::NoData,
                ReportError::Source(source) => {
                    if let Some(error) = source.downcast_ref::<StoreError>() {
                        return of_store(error);
                    }
                }
                _ => {}
            }
        }
        if let Some(error) = cause.downcast_ref::<StoreError>() {
            return of_store(error);
        }
    }
    Exit::Error
}

/// A usage error, with a hint where somebody asks for a picture or a page by `--format`.
pub(crate) fn with_hint(mut error: clap::Error) -> clap::Error {
    if let Some(ContextValue::String(value)) = error.get(ContextKind::InvalidValue)
        && ["svg", "png", "html"].contains(&value.as_str())
    {
        let hint = format!("`plot --output FILE.{value}` writes a chart, `report --output FILE.html` a page");
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![hint.into()]));
    }
    error
}

fn of_store(error: &StoreError) -> Exit {
    match error {
        StoreError::Missing { .. } => Exit::NoData,
        _ => Exit::BadFile,
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    #[test]
    fn each_error_has_its_code_wherever_it_stands_in_the_chain() {
        let store = |error: StoreError| of(&Err::<(), _>(error).context("outer").expect_err("it is an error"));
        assert_eq!(store(StoreError::Missing { path: "x".into() }), Exit::NoData);
        assert_eq!(store(StoreError::Newer { path: "x".into(), found: 9, known: 3 }), Exit::BadFile);
        let of_source = ReportError::source(StoreError::Missing { path: "x".into() });
        assert_eq!(of(&anyhow::Error::new(of_source).context("outer")), Exit::NoData);
        assert_eq!(of(&anyhow::Error::new(ReportError::from(SelectError::Empty))), Exit::NoData);
        assert_eq!(of(&anyhow::Error::new(io::Error::from(io::ErrorKind::BrokenPipe))), Exit::Success);
        assert_eq!(of(&anyhow::Error::new(io::Error::from(io::ErrorKind::NotFound))), Exit::Error);
    }
}

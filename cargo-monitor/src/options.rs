//! Options that every command takes.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum, ValueHint};

/// Heading of the options that every command takes, so that a command's own stand together.
const GENERAL: &str = "General options";

/// Options that every command takes.
#[derive(Clone, Debug, Args)]
pub struct Options {
    /// File with the measurements; for reading also a project of a monitor-server, https://HOST/p/PROJECT [default: MONITOR_DB,
    /// or `.pymon` in the workspace's root]
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = GENERAL)]
    pub db: Option<PathBuf>,
    /// Format of the results: table for people, json and csv for programs (column names contain the unit), markdown for
    /// comments
    #[arg(long, global = true, value_name = "FORMAT", default_value = "table", help_heading = GENERAL, hide_possible_values = true)]
    pub format: Format,
    /// When to use colour: auto, always or never; NO_COLOR also turns it off
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", help_heading = GENERAL, hide_possible_values = true)]
    pub color: Color,
    /// Also write the results to a file, in this format (repeatable): markdown=summary.md
    #[arg(long, global = true, value_name = "FORMAT=FILE", value_hint = ValueHint::FilePath, help_heading = GENERAL)]
    pub write: Vec<Target>,
    /// Print only results and errors
    #[arg(short, long, global = true, help_heading = GENERAL)]
    pub quiet: bool,
    /// Use the workspace of this Cargo.toml [default: that of the current folder]
    #[arg(long, global = true, value_name = "PATH", value_hint = ValueHint::FilePath, help_heading = GENERAL)]
    pub manifest_path: Option<PathBuf>,
}

/// A file to write results to: `markdown=summary.md`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its format.
    pub format: Format,
    /// Its path.
    pub path: PathBuf,
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || "write FORMAT=FILE, as in markdown=summary.md; formats are table, json, csv, markdown".to_owned();
        let (format, path) = text.split_once('=').filter(|(_, path)| !path.is_empty()).ok_or_else(wrong)?;
        Ok(Self { format: <Format as ValueEnum>::from_str(format, false).map_err(|_| wrong())?, path: path.into() })
    }
}

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people: each value in a suitable unit
    Table,
    /// For programs: column names contain the unit
    Json,
    /// For spreadsheets: the columns of json, the first table only
    Csv,
    /// For comments of pull requests
    Markdown,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

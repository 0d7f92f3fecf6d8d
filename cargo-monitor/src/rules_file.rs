//! The rules of a workspace, reviewed like code: `.config/monitor.toml`, or `[workspace.metadata.monitor]` in its manifest.
//!
//! ```toml
//! [gate]
//! baseline = "main"
//! metrics = ["cpu-time", "allocations"]
//! thresholds = ["cpu-time=20%+5ms in slow_*"]
//! waivers = ["heap-peak in cache_* until 2026-12-31"]
//! accepted = ["allocations in parse_* since 0123abc"]
//! ```

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use monitor_analysis::metric::Metric;
use monitor_report::gate::{Accepted, ThresholdRule, Waiver};
use monitor_report::measure;
use toml::{Table, Value};
use toml_edit::DocumentMut;

use crate::environment;

/// Where the file stands in a workspace.
pub(crate) const PLACE: &str = ".config/monitor.toml";

/// What the file says of gates.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    pub(crate) baseline: Option<String>,
    pub(crate) metrics: Vec<Metric>,
    pub(crate) thresholds: Vec<ThresholdRule>,
    pub(crate) waivers: Vec<Waiver>,
    pub(crate) accepted: Vec<Accepted>,
}

impl Rules {
    /// The rules of a workspace; none if it has none.
    ///
    /// # Errors
    ///
    /// If they cannot be read, make no sense, or stand in both places.
    pub(crate) fn of(workspace: &Path) -> anyhow::Result<Self> {
        let file = workspace.join(PLACE);
        let manifest = workspace.join("Cargo.toml");
        let of_file = read(&file)?;
        let of_manifest = read(&manifest)?.and_then(|table| metadata(&table).cloned());
        let (table, place): (Table, PathBuf) = match (of_file, of_manifest) {
            (Some(_), Some(_)) => {
                bail!(
                    "{} and workspace.metadata.monitor in {} both hold rules: keep one",
                    file.display(),
                    manifest.display()
                )
            }
            (Some(table), None) => (table, file),
            (None, Some(table)) => (table, manifest),
            (None, None) => return Ok(Self::default()),
        };
        Self::from_table(&table).with_context(|| format!("in {}", place.display()))
    }

    /// Adds an accepted change where the rules stand, or begins a file of them; returns its path.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or written.
    pub(crate) fn accept(workspace: &Path, accepted: &Accepted) -> anyhow::Result<PathBuf> {
        let manifest = workspace.join("Cargo.toml");
        let in_manifest = read(&manifest)?.is_some_and(|table| metadata(&table).is_some());
        let file = if in_manifest { manifest } else { workspace.join(PLACE) };
        let text = environment::text_of(&file)?.unwrap_or_default();
        let mut document: DocumentMut =
            text.parse().with_context(|| format!("{} is not valid TOML", file.display()))?;
        let mut table = document.as_table_mut();
        let path: &[&str] = if in_manifest { &["workspace", "metadata", "monitor", "gate"] } else { &["gate"] };
        for name in path {
            let item = table.entry(name).or_insert_with(toml_edit::table);
            table = item.as_table_mut().with_context(|| format!("{name} in {} is not a table", file.display()))?;
        }
        let list = table.entry("accepted").or_insert_with(|| toml_edit::value(toml_edit::Array::new()));
        let list = list.as_array_mut().with_context(|| format!("gate.accepted in {} is not a list", file.display()))?;
        list.push(accepted.to_string());
        let cannot = || format!("cannot write {}", file.display());
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder).with_context(cannot)?;
        }
        fs::write(&file, document.to_string()).with_context(cannot)?;
        Ok(file)
    }

    fn from_table(table: &Table) -> anyhow::Result<Self> {
        let mut rules = Self::default();
        for (name, value) in table {
            let Value::Table(gate) = value else { bail!("`{name}` is not a table: write [gate]") };
            ensure!(name == "gate", "[{name}] is unknown: write [gate]");
            for (key, value) in gate {
                rules.set(key, value).with_context(|| format!("gate.{key}"))?;
            }
        }
        Ok(rules)
    }

    fn set(&mut self, key: &str, value: &Value) -> anyhow::Result<()> {
        match key {
            "baseline" => {
                let Value::String(text) = value else { bail!("write a text, for example \"main\" or \"last:20\"") };
                self.baseline = Some(text.clone());
            }
            "metrics" => {
                for name in texts(value)? {
                    let metric = measure::metric(name);
                    self.metrics.push(metric.with_context(|| format!("`{name}` is not a metric"))?);
                }
            }
            "thresholds" => self.thresholds = parsed(value)?,
            "waivers" => self.waivers = parsed(value)?,
            "accepted" => self.accepted = parsed(value)?,
            _ => bail!("unknown key: write baseline, metrics, thresholds, waivers or accepted"),
        }
        Ok(())
    }
}

fn read(file: &Path) -> anyhow::Result<Option<Table>> {
    let Some(text) = environment::text_of(file)? else { return Ok(None) };
    Ok(Some(text.parse().with_context(|| format!("{} is not valid TOML", file.display()))?))
}

fn metadata(manifest: &Table) -> Option<&Table> {
    manifest.get("workspace")?.get("metadata")?.get("monitor")?.as_table()
}

fn parsed<T>(value: &Value) -> anyhow::Result<Vec<T>>
where
    T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    texts(value)?.into_iter().map(|text| Ok(text.parse()?)).collect()
}

fn texts(value: &Value) -> anyhow::Result<Vec<&str>> {
    let texts = value.as_array().and_then(|values| values.iter().map(Value::as_str).collect());
    texts.context("write a list of texts, for example [\"…\", \"…\"]")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        let table: Table = text.parse().expect("TOML");
        format!("{:#}", Rules::from_table(&table).expect_err(text))
    }

    #[test]
    fn mistakes_name_their_place() {
        assert!(refused("[gates]\n").contains("[gates] is unknown"));
        assert!(refused("[gate]\nbase = 'main'").starts_with("gate.base: unknown key"));
        assert!(refused("[gate]\nbaseline = 20").starts_with("gate.baseline: write a text"));
        assert!(refused("[gate]\nmetrics = ['speed']").contains("`speed` is not a metric"));
        assert!(refused("[gate]\nthresholds = 'wall-time=1%'").contains("write a list of texts"));
        assert!(refused("[gate]\nwaivers = ['x']").contains("is not a waiver"));
    }
}

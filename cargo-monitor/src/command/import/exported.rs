//! JSON lines and CSV of `cargo monitor export`.

use std::str::FromStr;

use anyhow::Context as _;
use monitor_store::{
    Amount, Attribution, ContextClass, ExecutionContext, Kind, MEASURES, Measures, MemSource, Metric, Number, Outcome,
    Profile, ProfileKey, Session,
};
use serde_json::{Map, Value};

use super::batch::{Batch, process_h};
use super::json;

/// The sessions of JSON lines, in the order of their first row.
pub(super) fn read_json_lines(text: &str) -> anyhow::Result<Vec<Batch>> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    batches(lines.map(|(index, line)| (index + 1, serde_json::from_str(line).ok())))
}

/// The sessions of CSV. An apostrophe that keeps a spreadsheet from a formula goes again.
pub(super) fn read_csv(text: &str) -> anyhow::Result<Vec<Batch>> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let names = reader.headers()?.clone();
    let value = |name: &str, field: &str| match field {
        "" => Value::Null,
        _ if name == "fields" => serde_json::from_str(without_apostrophe(field)).unwrap_or_default(),
        _ => Value::from(without_apostrophe(field)),
    };
    // The headings are the first row.
    batches((2..).zip(reader.records()).map(|(number, record)| {
        let record = record.ok().filter(|record| record.len() == names.len());
        let pairs = |record: csv::StringRecord| {
            names.iter().zip(&record).map(|(name, field)| (name.to_owned(), value(name, field))).collect::<Map<_, _>>()
        };
        (number, record.map(pairs).map(Value::Object))
    }))
}

/// The text before it was made harmless to spreadsheets.
fn without_apostrophe(field: &str) -> &str {
    const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
    match field.strip_prefix('\'') {
        Some(rest) if rest.trim_start_matches(' ').starts_with(FORMULA) => rest,
        _ => field,
    }
}

/// The sessions of rows with their numbers in the file.
fn batches(rows: impl Iterator<Item = (usize, Option<Value>)>) -> anyhow::Result<Vec<Batch>> {
    let mut batches: Vec<Batch> = Vec::new();
    for (number, row) in rows {
        let torn = || format!("row {number} is not a row of an export: it has not all of its fields");
        let row = Row(row.with_context(torn)?);
        let of_export = || format!("row {number} is not a row of an export");
        let session = row.session().with_context(of_export)?;
        let known = batches.iter().rposition(|batch| batch.session.session_h == session.session_h);
        let at = known.unwrap_or_else(|| {
            let (context, class) = row.context();
            batches.push(Batch { session, context, class, tests: Vec::new() });
            batches.len() - 1
        });
        let test = row.test(&batches[at]).with_context(of_export)?;
        batches[at].tests.push(test);
    }
    Ok(batches)
}

/// A row: in CSV all values are text.
struct Row(Value);

impl Row {
    fn text(&self, name: &str) -> Option<String> {
        self.0[name].as_str().map(str::to_owned)
    }

    fn text_or_empty(&self, name: &str) -> String {
        self.text(name).unwrap_or_default()
    }

    /// A number or a time.
    fn parsed<T: FromStr>(&self, name: &str) -> Option<T> {
        json::text(&self.0[name]).parse().ok()
    }

    /// What a field that no row lacks was read as; otherwise what is wrong with it.
    fn needed<T>(&self, name: &str, read: Option<T>) -> anyhow::Result<T> {
        read.with_context(|| match &self.0[name] {
            Value::Null => format!("it has no `{name}`"),
            value => format!("its `{name}` can't be {value}"),
        })
    }

    fn session(&self) -> anyhow::Result<Session> {
        let fields = self.needed("fields", self.0["fields"].as_object())?;
        Ok(Session {
            session_h: self.needed("session", self.text("session"))?,
            run_date: self.needed("run_date", self.parsed("run_date"))?,
            scm_id: self.text_or_empty("commit"),
            description: fields.iter().map(|(key, value)| (key.clone(), json::text(value))).collect(),
        })
    }

    fn context(&self) -> (ExecutionContext, ContextClass) {
        let env_h = self.text_or_empty("context");
        let context = ExecutionContext {
            env_h: env_h.clone(),
            cpu_count: self.parsed("cpu_count").unwrap_or(0),
            cpu_frequency_mhz: self.parsed("cpu_frequency_mhz").unwrap_or(0.0),
            cpu_type: self.text_or_empty("cpu_type"),
            cpu_vendor: self.text_or_empty("cpu"),
            ram_total_mib: self.parsed("memory_mib").unwrap_or(0),
            machine_node: self.text_or_empty("host"),
            machine_type: self.text_or_empty("machine_type"),
            machine_arch: self.text_or_empty("machine_arch"),
            system_info: self.text_or_empty("system"),
            python_info: self.text_or_empty("toolchain"),
        };
        let class = ContextClass {
            env_h,
            class_h: self.text_or_empty("machine_class"),
            rustc: self.text_or_empty("rustc"),
            profile: self.text_or_empty("profile"),
            opt_level: self.text_or_empty("opt_level"),
            target: self.text_or_empty("target"),
        };
        (context, class)
    }

    fn test(&self, batch: &Batch) -> anyhow::Result<(Option<Metric>, Profile)> {
        let session_h = batch.session.session_h.clone();
        let start = self.needed("start_time", self.parsed("start_time"))?;
        let outcome = self.needed("outcome", self.text("outcome").and_then(|word| Outcome::parse(&word)))?;
        let (path, variant) = (self.text_or_empty("path"), self.needed("variant", self.text("variant"))?);
        let metric = self.parsed("wall_seconds").map(|wall_seconds| Metric {
            session_h: session_h.clone(),
            env_h: batch.context.env_h.clone(),
            item_start_time: start,
            item_path: path.clone(),
            item: self.text("item").unwrap_or_else(|| variant.clone()),
            item_variant: variant.clone(),
            item_fs_loc: self.text_or_empty("file"),
            kind: self.text("kind").and_then(|kind| Kind::parse(&kind)).unwrap_or(Kind::Function),
            component: self.text_or_empty("component"),
            wall_seconds: Some(wall_seconds),
            user_seconds: self.parsed("user_seconds"),
            kernel_seconds: self.parsed("kernel_seconds"),
            cpu_usage: self.parsed("cpu_usage"),
            memory_mib: self.parsed("memory_bytes").map(|bytes: f64| bytes / (1024.0 * 1024.0)),
        });
        let profile = Profile {
            key: ProfileKey {
                // Tests of pytest-monitor have none.
                process_h: self.text("process").unwrap_or_else(|| process_h(&session_h)),
                session_h,
                item_path: path,
                item_variant: variant,
                item_start_time: start,
            },
            package: self.text_or_empty("package"),
            binary: self.text_or_empty("binary"),
            attempt: self.parsed("attempt").unwrap_or(1),
            outcome,
            attribution: self.text("attribution").and_then(|word| Attribution::parse(&word)),
            mem_source: self.text("memory_source").and_then(|word| MemSource::parse(&word)),
            measures: self.measures(),
        };
        Ok((metric, profile))
    }

    fn measures(&self) -> Measures {
        let mut measures = Measures::default();
        for measure in MEASURES {
            let value = match measure.number {
                Number::Count => self.parsed(measure.key).map(Amount::Count),
                Number::Signed => self.parsed(measure.key).map(Amount::Signed),
                Number::Real => self.parsed(measure.key).map(Amount::Real),
            };
            measure.set(&mut measures, value);
        }
        measures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_apostrophe_of_a_formula_goes() {
        assert_eq!(without_apostrophe("'=1+1"), "=1+1");
        assert_eq!(without_apostrophe("'quoted'"), "'quoted'");
        assert_eq!(without_apostrophe("plain"), "plain");
    }
}

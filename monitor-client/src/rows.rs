//! What was sent, in the terms of the store.

use monitor_store::{
    Amount, Attribution, ContextClass, ExecutionContext, InvalidTimestamp, Kind, MEASURES, Measures, MemSource, Metric,
    Number, Outcome, Profile, ProfileKey, Test, Timestamp,
};
use serde_json::Value;

use crate::fields::{Field, Fields};
use crate::wire::{Context, Cost, Row, Session};

impl Session {
    /// As the store has it.
    ///
    /// # Errors
    ///
    /// If its date can't be read.
    pub fn to_store(self) -> Result<monitor_store::Session, InvalidTimestamp> {
        let text = |value: Value| if let Value::String(text) = value { text } else { String::new() };
        Ok(monitor_store::Session {
            run_date: self.run_date.parse()?,
            session_h: self.session_h,
            scm_id: self.scm_ref.unwrap_or_default(),
            description: self.description.into_iter().map(|(name, value)| (name, text(value))).collect(),
        })
    }
}

impl Context {
    /// As the store has it; without a class if pytest-monitor sent it.
    #[must_use]
    pub fn to_store(self) -> (ExecutionContext, Option<ContextClass>) {
        let class = self.class.map(|class| ContextClass {
            env_h: self.h.clone(),
            class_h: class.class_h,
            rustc: class.rustc,
            profile: class.profile,
            opt_level: class.opt_level,
            target: class.target,
        });
        let context = ExecutionContext {
            env_h: self.h,
            cpu_count: u32::try_from(self.cpu_count).unwrap_or(0),
            cpu_frequency_mhz: self.cpu_frequency,
            cpu_type: self.cpu_type,
            cpu_vendor: self.cpu_vendor.unwrap_or_default(),
            ram_total_mib: u64::try_from(self.ram_total).unwrap_or(0),
            machine_node: self.machine_node,
            machine_type: self.machine_type,
            machine_arch: self.machine_arch,
            system_info: self.system_info,
            python_info: self.python_info,
        };
        (context, class)
    }
}

impl Row<'_> {
    /// As the store has it, in a process of this name.
    ///
    /// # Errors
    ///
    /// If its start can't be read.
    pub fn to_store(self, session_h: &str, process_h: &str, class_h: Option<String>) -> Result<Test, InvalidTimestamp> {
        let start: Timestamp = self.item_start_time.parse()?;
        let profile = self.profile.as_ref().map(|json| Profile {
            key: ProfileKey {
                session_h: session_h.to_owned(),
                item_path: self.item_path.to_string(),
                item_variant: self.item_variant.to_string(),
                item_start_time: start,
                process_h: process_h.to_owned(),
            },
            package: self.package.to_string(),
            binary: self.binary.to_string(),
            ..profile(json)
        });
        let metric = self.total_time.map(|wall_seconds| Metric {
            session_h: session_h.to_owned(),
            env_h: self.context_h.into_owned(),
            item_start_time: start,
            item_path: self.item_path.into_owned(),
            item: self.item.into_owned(),
            item_variant: self.item_variant.into_owned(),
            item_fs_loc: self.item_fs_loc.into_owned(),
            kind: Kind::parse(&self.kind).unwrap_or(Kind::Package),
            component: self.component.into_owned(),
            wall_seconds: Some(wall_seconds),
            user_seconds: self.user_time,
            kernel_seconds: self.kernel_time,
            cpu_usage: self.cpu_usage,
            memory_mib: self.mem_usage,
        });
        Ok(Test { metric, profile, class_h })
    }
}

impl Cost {
    /// As the store has it.
    #[must_use]
    pub fn to_store(self) -> monitor_store::Cost {
        monitor_store::Cost {
            name: self.name,
            file: self.file,
            line: self.line,
            package: self.package,
            own: self.own,
            inclusive: self.inclusive,
            calls: self.calls,
        }
    }
}

impl From<monitor_store::Cost> for Cost {
    fn from(cost: monitor_store::Cost) -> Self {
        // The integers of SQL end at `i64::MAX`.
        let count = |count: u64| count.min(i64::MAX as u64);
        Self {
            name: cost.name,
            file: cost.file,
            line: cost.line,
            package: cost.package,
            own: count(cost.own),
            inclusive: count(cost.inclusive),
            calls: count(cost.calls),
        }
    }
}

/// What the row says beyond pytest-monitor, without what names it.
fn profile(json: &Fields<'_>) -> Profile {
    let word = |name: &str| json.get(name).and_then(Field::as_str).unwrap_or("");
    let number = |name: &str| json.get(name).and_then(Field::as_number);
    let attempt = number("attempt").and_then(serde_json::Number::as_u64).and_then(|number| u32::try_from(number).ok());
    Profile {
        key: ProfileKey::default(),
        package: String::new(),
        binary: String::new(),
        attempt: attempt.unwrap_or(1),
        outcome: Outcome::parse(word("outcome")).unwrap_or(Outcome::Crashed),
        attribution: Attribution::parse(word("attribution")),
        mem_source: MemSource::parse(word("mem_source")),
        measures: measures(json),
    }
}

fn measures(json: &Fields<'_>) -> Measures {
    let mut measures = Measures::default();
    for measure in MEASURES {
        let Some(value) = json.get(measure.name).and_then(Field::as_number) else { continue };
        let amount = match measure.number {
            Number::Real => value.as_f64().map(Amount::Real),
            number => value.as_i64().map(|value| number.of_i64(value)),
        };
        measure.set(&mut measures, amount);
    }
    measures
}

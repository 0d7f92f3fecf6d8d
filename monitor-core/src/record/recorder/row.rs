//! Rows of tests: written when they begin, and again when they have ended.

use std::cell::{Cell, OnceCell};

use monitor_store::{Attribution, Entry, Measures, Outcome, Profile, ProfileKey};

use super::super::rows;
use super::Recorder;
use crate::item::{Item, Parameter};
use crate::measure::instructions;
use crate::measure::measurement::Measurement;

/// A test that has begun: what its rows will say apart from the figures.
#[derive(Debug)]
pub(crate) struct Row {
    profile: Profile,
    item: &'static Item,
}

impl Row {
    /// What the rows are found by.
    pub(crate) fn key(&self) -> &ProfileKey {
        &self.profile.key
    }
}

impl Recorder {
    /// Commits that a test runs, and returns the row to finish. The test starts when the file takes that.
    pub(crate) fn start(&self, item: &'static Item, parameters: &[Parameter]) -> Row {
        let item_variant = rows::item_variant(item, parameters, self.config.explicit_parameters);
        let profile = instructions::aside(|| {
            let (started, item_variant) = (OnceCell::new(), Cell::new(item_variant));
            let begin = || {
                let profile = self.running_profile(item, item_variant.take());
                self.running().push(profile.key.clone());
                [Entry::Started(profile)]
            };
            self.write(|| started.get_or_init(begin));
            // Where nothing is written, it was not asked for.
            let [entry] = started.into_inner().unwrap_or_else(begin);
            let Entry::Started(profile) = entry else { unreachable!("it was made above") };
            profile
        });
        Row { profile, item }
    }

    fn running_profile(&self, item: &Item, item_variant: String) -> Profile {
        let key = ProfileKey {
            session_h: self.runner.session_h.clone(),
            item_path: item.module.to_owned(),
            item_variant,
            item_start_time: self.clock.next(),
            process_h: self.identity.process_h.clone(),
        };
        Profile {
            key,
            package: item.package.to_owned(),
            binary: self.runner.binary.clone(),
            attempt: self.runner.attempt,
            outcome: Outcome::Running,
            attribution: None,
            mem_source: None,
            measures: Measures::default(),
        }
    }

    /// Commits what a test cost.
    pub(crate) fn finish(
        &self,
        row: Row,
        measurement: &Measurement,
        attribution: Attribution,
        outcome: Outcome,
        concurrency: u64,
    ) {
        let Row { mut profile, item } = row;
        profile.outcome = outcome;
        profile.attribution = Some(attribution);
        profile.mem_source = rows::mem_source(measurement);
        profile.measures = rows::measures(measurement, concurrency);
        let env_h = self.env_h.get().cloned().unwrap_or_default();
        let component = self.config.component.of(item.component, item.package);
        let metric = rows::metric(&profile.key, env_h, item, component, measurement);
        let is_last = {
            let mut running = self.running();
            running.retain(|running| *running != profile.key);
            running.is_empty() && self.is_for_one_test()
        };
        self.write_as(&[Entry::Finished { metric, profile }], is_last);
    }

    /// Corrects the rows of tests that turn out to be `shared`.
    pub(crate) fn mark_shared(&self, keys: Vec<ProfileKey>) {
        let entries: Vec<Entry> = shared(keys).collect();
        if !entries.is_empty() {
            self.write(|| &entries);
        }
    }
}

/// Corrects rows that turn out to be `shared`.
pub(super) fn shared(keys: Vec<ProfileKey>) -> impl Iterator<Item = Entry> {
    keys.into_iter().map(|key| Entry::Reattributed { key, attribution: Attribution::Shared })
}

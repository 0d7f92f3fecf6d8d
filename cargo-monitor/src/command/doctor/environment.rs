//! Variables that switch monitoring off, or look like ours and nothing reads them.

use monitor_core::outside::Outside;

use super::finding::Finding;
use crate::app::App;

/// Every variable that the runtime or this program reads.
const KNOWN: [&str; 20] = [
    "MONITOR",
    "MONITOR_BUDGETS",
    "MONITOR_COMPONENT",
    "MONITOR_COMPONENT_PREFIX",
    "MONITOR_CPU_FREQ",
    "MONITOR_DB",
    "MONITOR_DESCRIPTION",
    "MONITOR_EXPLICIT_PARAMETERS",
    "MONITOR_GATE_BASELINE",
    "MONITOR_GATE_THRESHOLDS",
    "MONITOR_GATE_WAIVERS",
    "MONITOR_ISOLATE",
    "MONITOR_ISOLATE_TIMEOUT",
    "MONITOR_REMOTE",
    "MONITOR_REMOTE_TOKEN",
    "MONITOR_SCM_ID",
    "MONITOR_SCOPE",
    "MONITOR_SESSION",
    "MONITOR_STRICT",
    "MONITOR_TAGS",
];

/// The value of `MONITOR`, if it tells tests to record nothing.
pub(crate) fn switched_off(app: &App) -> anyhow::Result<Option<String>> {
    let value = app.text("MONITOR")?;
    let is_recorded = Outside::new(&app.folder()?, &|name| app.variable(name).ok().flatten()).is_enabled();
    Ok(value.filter(|_| !is_recorded))
}

pub(super) fn check(names: impl Iterator<Item = String>) -> Vec<Finding> {
    let ours = |name: &String| name.starts_with("MONITOR_") && !name.starts_with("MONITOR_SERVER_");
    let unknown = names.filter(ours).filter(|name| !KNOWN.contains(&name.as_str()));
    unknown
        .map(|name| {
            let alike = KNOWN.iter().map(|known| (strsim::jaro_winkler(&name, known), known));
            let remedy = match alike.max_by(|(a, _), (b, _)| a.total_cmp(b)) {
                Some((alike, known)) if alike > 0.9 => format!("set {known}, if that is meant"),
                _ => "unset it".to_owned(),
            };
            Finding::doubtful("environment", format!("nothing reads {name}"), remedy)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_variable_is_found() {
        let names = ["MONITOR_DB", "MONITOR_TAG", "MONITORING_URL", "PATH"].map(str::to_owned);
        let findings = check(names.into_iter());
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert_eq!(findings[0].found, "nothing reads MONITOR_TAG");
        assert_eq!(findings[0].remedy, "set MONITOR_TAGS, if that is meant");
    }
}

//! Configuration: environment variables, which Cargo's own `[env]` table can set.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use monitor_store::location;

/// What the environment asks for.
#[derive(Debug)]
pub(crate) struct Config {
    /// `MONITOR=off`: run as if the attribute were not there.
    pub enabled: bool,
    /// `MONITOR_DB`: where rows go; `None` if it is off.
    pub database: Option<PathBuf>,
    /// `MONITOR_SCOPE`: which rows are written, `function,module,session`.
    pub scopes: String,
    /// `MONITOR_COMPONENT`, `MONITOR_COMPONENT_PREFIX`.
    pub component: ComponentRule,
    /// `MONITOR_DESCRIPTION`.
    pub description: Option<String>,
    /// `MONITOR_TAGS`.
    pub tags: Vec<(String, String)>,
    /// `MONITOR_EXPLICIT_PARAMETERS`.
    pub explicit_parameters: bool,
    /// `MONITOR_CPU_FREQ`, MHz.
    pub cpu_freq_mhz: Option<u32>,
    /// `MONITOR_SCM_ID`.
    pub scm_id: Option<String>,
    /// `MONITOR_SESSION`.
    pub session: Option<String>,
    /// `MONITOR_STRICT`.
    pub strict: bool,
    /// `MONITOR_BUDGETS`.
    pub budgets: BudgetMode,
    /// `MONITOR_ISOLATE`.
    pub isolate: bool,
    /// `MONITOR_ISOLATE_TIMEOUT`.
    pub isolate_timeout: Option<Duration>,
    /// `MONITOR_REMOTE`, and its token.
    #[cfg(feature = "remote")]
    pub remote: Option<(String, Option<String>)>,
    /// The workspace of the package under test.
    pub workspace: PathBuf,
}

/// What a test over its budget does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BudgetMode {
    /// It fails.
    Enforce,
    /// It is recorded as over budget and passes.
    Report,
}

/// How a test's component is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ComponentRule {
    /// As the attribute says, else as the package is called.
    Own,
    /// The same for all.
    Forced(String),
    /// Its own behind a prefix.
    Prefixed(String),
}

impl ComponentRule {
    /// The component of a test of `package` whose attribute says `own`.
    pub(crate) fn of(&self, own: Option<&str>, package: &str) -> String {
        let own = own.unwrap_or(package);
        match self {
            Self::Own => own.to_owned(),
            Self::Forced(name) => name.clone(),
            Self::Prefixed(prefix) if own.is_empty() => prefix.clone(),
            Self::Prefixed(prefix) => format!("{prefix}.{own}"),
        }
    }
}

impl Config {
    /// Reads the variables for tests of a package of `workspace`.
    ///
    /// A value that makes no sense is ignored, and told in the second part: variable, value, reason, remedy.
    pub(crate) fn from_variables(
        variable: &dyn Fn(&str) -> Option<OsString>,
        workspace: PathBuf,
    ) -> (Self, Vec<String>) {
        let mut reader = Reader { variable, problems: Vec::new() };
        let config = Self {
            enabled: reader.flag("MONITOR", true),
            database: location::database(&workspace, variable("MONITOR_DB")),
            scopes: reader.parsed("MONITOR_SCOPE", scopes).unwrap_or_else(|| SCOPES[0].to_owned()),
            component: reader.component(),
            description: reader.text("MONITOR_DESCRIPTION"),
            tags: reader.tags(),
            explicit_parameters: reader.flag("MONITOR_EXPLICIT_PARAMETERS", false),
            cpu_freq_mhz: reader.parsed("MONITOR_CPU_FREQ", megahertz),
            scm_id: reader.text("MONITOR_SCM_ID"),
            session: reader.text("MONITOR_SESSION"),
            strict: reader.flag("MONITOR_STRICT", false),
            budgets: reader.parsed("MONITOR_BUDGETS", budgets).unwrap_or(BudgetMode::Enforce),
            isolate: reader.flag("MONITOR_ISOLATE", false),
            isolate_timeout: reader.parsed("MONITOR_ISOLATE_TIMEOUT", limit),
            #[cfg(feature = "remote")]
            remote: reader.text("MONITOR_REMOTE").map(|address| (address, reader.text("MONITOR_REMOTE_TOKEN"))),
            workspace,
        };
        #[cfg(not(feature = "remote"))]
        if reader.text("MONITOR_REMOTE").is_some() {
            reader.problem(
                "MONITOR_REMOTE is set, but the feature `remote` of monitor-runtime is not, so nothing is sent: add the \
                 feature, or unset it and send the file by `cargo monitor push`",
            );
        }
        (config, reader.problems)
    }
}

struct Reader<'a> {
    variable: &'a dyn Fn(&str) -> Option<OsString>,
    problems: Vec<String>,
}

impl Reader<'_> {
    fn problem(&mut self, text: impl Into<String>) {
        self.problems.push(text.into());
    }

    /// A variable that is set and not empty. Bytes that are no text are replaced.
    fn text(&self, name: &str) -> Option<String> {
        let value = (self.variable)(name)?;
        Some(value.to_string_lossy().into_owned()).filter(|value| !value.is_empty())
    }

    fn flag(&mut self, name: &str, default: bool) -> bool {
        let Some(value) = self.text(name) else { return default };
        match value.to_ascii_lowercase().as_str() {
            "1" | "on" | "true" | "yes" => true,
            "0" | "off" | "false" | "no" => false,
            _ => {
                self.problem(format!("{name}={value} is neither on nor off: use 1 or 0"));
                default
            }
        }
    }

    fn parsed<T>(&mut self, name: &str, parse: fn(&str) -> Result<T, &'static str>) -> Option<T> {
        let value = self.text(name)?;
        match parse(&value) {
            Ok(parsed) => Some(parsed),
            Err(remedy) => {
                self.problem(format!("{name}={value} is not valid: {remedy}"));
                None
            }
        }
    }

    fn component(&mut self) -> ComponentRule {
        match (self.text("MONITOR_COMPONENT"), self.text("MONITOR_COMPONENT_PREFIX")) {
            (None, None) => ComponentRule::Own,
            (Some(name), None) => ComponentRule::Forced(name),
            (None, Some(prefix)) => ComponentRule::Prefixed(prefix),
            (Some(name), Some(prefix)) => {
                self.problem(format!(
                    "MONITOR_COMPONENT={name} and MONITOR_COMPONENT_PREFIX={prefix} exclude each other: unset one; the \
                     prefix is ignored"
                ));
                ComponentRule::Forced(name)
            }
        }
    }

    fn tags(&mut self) -> Vec<(String, String)> {
        let Some(value) = self.text("MONITOR_TAGS") else { return Vec::new() };
        let mut tags = Vec::new();
        for part in value.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            match part.split_once('=') {
                Some((key, value)) if !key.trim().is_empty() => {
                    tags.push((key.trim().to_owned(), value.trim().to_owned()));
                }
                _ => self.problem(format!("MONITOR_TAGS has {part:?}, which is not a tag: write KEY=VALUE,KEY=VALUE")),
            }
        }
        tags
    }
}

const SCOPES: [&str; 3] = ["function", "module", "session"];

fn scopes(text: &str) -> Result<String, &'static str> {
    let asked: Vec<&str> = text.split(',').map(str::trim).collect();
    if !asked.iter().all(|name| SCOPES.contains(name)) {
        return Err("name function, module or session, separated by commas");
    }
    let known: Vec<&str> = SCOPES.into_iter().filter(|name| asked.contains(name)).collect();
    Ok(known.join(","))
}

fn budgets(text: &str) -> Result<BudgetMode, &'static str> {
    match text.to_ascii_lowercase().as_str() {
        "report" => Ok(BudgetMode::Report),
        "enforce" => Ok(BudgetMode::Enforce),
        _ => Err("use report or enforce"),
    }
}

fn megahertz(text: &str) -> Result<u32, &'static str> {
    text.parse().map_err(|_| "give a whole number of MHz, such as 2600")
}

fn limit(text: &str) -> Result<Duration, &'static str> {
    // A number alone is of seconds.
    let seconds = text.parse().ok().map(Duration::from_secs);
    seconds.or_else(|| monitor_store::duration(text)).ok_or("give a time such as 500ms, 60s or 5min")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(variables: &[(&str, &str)]) -> (Config, Vec<String>) {
        let variable =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value));
        Config::from_variables(&variable, PathBuf::from("/nowhere/package"))
    }

    #[test]
    fn nothing_set_means_the_defaults() {
        let (config, problems) = config(&[]);
        assert_eq!(problems, [] as [&str; 0]);
        assert!(config.enabled && !config.strict && !config.isolate && !config.explicit_parameters);
        assert_eq!(config.scopes, "function");
        assert_eq!(config.component.of(None, "package"), "package");
        assert_eq!(config.component.of(Some("own"), "package"), "own");
        assert_eq!(config.budgets, BudgetMode::Enforce);
        assert_eq!(config.database, Some(config.workspace.join(".pymon")));
    }

    #[test]
    fn every_variable_is_read() {
        let (config, problems) = config(&[
            ("MONITOR", "off"),
            ("MONITOR_DB", "/else where/ä.pymon"),
            ("MONITOR_SCOPE", "function, module,session"),
            ("MONITOR_COMPONENT_PREFIX", "shop"),
            ("MONITOR_DESCRIPTION", "a \"night\" run"),
            ("MONITOR_TAGS", "a=1, b = x=y,,"),
            ("MONITOR_EXPLICIT_PARAMETERS", "1"),
            ("MONITOR_CPU_FREQ", "2600"),
            ("MONITOR_SCM_ID", "abc"),
            ("MONITOR_SESSION", "mine"),
            ("MONITOR_STRICT", "true"),
            ("MONITOR_BUDGETS", "report"),
            ("MONITOR_ISOLATE", "1"),
            ("MONITOR_ISOLATE_TIMEOUT", "90s"),
        ]);
        assert_eq!(problems, [] as [&str; 0]);
        assert!(!config.enabled && config.strict && config.isolate && config.explicit_parameters);
        assert_eq!(config.database, Some(PathBuf::from("/else where/ä.pymon")));
        assert_eq!(config.scopes.to_string(), "function,module,session");
        assert_eq!(config.component.of(Some("cart"), "package"), "shop.cart");
        assert_eq!(config.description.as_deref(), Some("a \"night\" run"));
        assert_eq!(config.tags, [("a".to_owned(), "1".to_owned()), ("b".to_owned(), "x=y".to_owned())]);
        assert_eq!((config.cpu_freq_mhz, config.budgets), (Some(2600), BudgetMode::Report));
        assert_eq!((config.scm_id.as_deref(), config.session.as_deref()), (Some("abc"), Some("mine")));
        assert_eq!(config.isolate_timeout, Some(Duration::from_secs(90)));
    }

    #[test]
    fn a_senseless_value_is_told_and_ignored() {
        let cases = [
            ("MONITOR", "perhaps", "neither on nor off"),
            ("MONITOR_SCOPE", "class", "name function, module or session"),
            ("MONITOR_TAGS", "lonely", "KEY=VALUE"),
            ("MONITOR_CPU_FREQ", "fast", "whole number of MHz"),
            ("MONITOR_BUDGETS", "maybe", "report or enforce"),
            ("MONITOR_ISOLATE_TIMEOUT", "soon", "60s"),
            ("MONITOR_REMOTE", "http://localhost", "nothing is sent"),
        ];
        for (name, value, remedy) in cases {
            let (config, problems) = config(&[(name, value)]);
            assert!(config.enabled);
            assert!(problems.len() == 1 && problems[0].contains(name) && problems[0].contains(remedy), "{problems:?}");
        }
        let (config, problems) = config(&[("MONITOR_COMPONENT", "a"), ("MONITOR_COMPONENT_PREFIX", "b")]);
        assert_eq!(config.component.of(Some("own"), "package"), "a");
        assert!(problems[0].contains("exclude each other"));
    }

    #[test]
    fn a_relative_path_starts_at_the_workspace_and_off_is_off() {
        let (config_at, _) = config(&[("MONITOR_DB", "target/x.pymon")]);
        assert_eq!(config_at.database, Some(config_at.workspace.join("target/x.pymon")));
        for off in ["off", "OFF", "/dev/null"] {
            assert_eq!(config(&[("MONITOR_DB", off)]).0.database, None);
        }
    }
}

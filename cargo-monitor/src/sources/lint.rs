//! The lint `unused_crate_dependencies`, by which rustc asks every target to name the runtime.

use std::fs;
use std::path::Path;

use toml::{Table, Value};

use super::packages::{Package, Workspace};
use crate::outside::Setting;

const NAME: &str = "unused_crate_dependencies";

/// Whether it is on, where a workspace sets it beside the roots of targets.
#[derive(Debug)]
pub(crate) struct Lint {
    /// By the flags that cargo's configuration or the environment has for the compiler.
    flags: Option<bool>,
    /// For packages that inherit the lints of the workspace.
    shared: Option<bool>,
}

impl Lint {
    pub(crate) fn of(workspace: &Workspace) -> Self {
        let root = manifest(&workspace.root.join("Cargo.toml"));
        let shared = root.get("workspace").and_then(|workspace| in_table(workspace.get("lints")?));
        Self { flags: Setting::find(&[]).ok().and_then(|setting| in_flags(&setting.flags)), shared }
    }

    /// Whether a target of the package is asked, whose root has this text.
    pub(crate) fn asks(&self, package: &Package, root: &str) -> bool {
        let in_root = root.lines().find(|line| line.contains(NAME)).map(|line| !line.contains("allow"));
        let in_manifest = || {
            let manifest = manifest(&package.manifest);
            let lints = manifest.get("lints")?;
            let inherits = lints.get("workspace").and_then(Value::as_bool) == Some(true);
            if inherits { self.shared } else { in_table(lints) }
        };
        in_root.or(self.flags).or_else(in_manifest) == Some(true)
    }
}

/// Whether one of the texts of a target names the runtime.
pub(crate) fn is_answered<'t>(mut texts: impl Iterator<Item = &'t str>, runtime: &str) -> bool {
    texts.any(|text| text.contains(runtime.trim_start_matches("::")))
}

fn manifest(path: &Path) -> Table {
    fs::read_to_string(path).ok().and_then(|text| text.parse().ok()).unwrap_or_default()
}

fn in_table(lints: &Value) -> Option<bool> {
    let (_, given) = lints.get("rust")?.as_table()?.iter().find(|(name, _)| is_it(name))?;
    Some(given.as_str().or_else(|| given.get("level")?.as_str())? != "allow")
}

/// The last one counts: `-Dname`, `-D name`, `--deny=name` or `--deny name`.
fn in_flags(flags: &[String]) -> Option<bool> {
    let last = flags.iter().rposition(|flag| is_it(flag))?;
    let level = if flags[last].starts_with('-') { last } else { last.checked_sub(1)? };
    Some(!["-A", "--allow"].iter().any(|allowed| flags[level].starts_with(allowed)))
}

fn is_it(text: &str) -> bool {
    text.replace('-', "_").contains(NAME)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_read_in_every_spelling() {
        for (flags, expected) in [
            ("-Dunused_crate_dependencies", Some(true)),
            ("-Adead_code -D unused-crate-dependencies -C debuginfo=0", Some(true)),
            ("--warn=unused_crate_dependencies", Some(true)),
            ("-W unused_crate_dependencies -A unused_crate_dependencies", Some(false)),
            ("--allow unused_crate_dependencies", Some(false)),
            ("-D warnings", None),
        ] {
            let words: Vec<String> = flags.split(' ').map(str::to_owned).collect();
            assert_eq!(in_flags(&words), expected, "{flags}");
        }
    }
}

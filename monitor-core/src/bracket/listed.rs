//! The list of tests with the attribute, which a process makes for the program that counts them.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;
use std::{env, thread};

use monitor_store::hash_hex;
use once_cell::sync::OnceCell;

use crate::config::Config;
use crate::facts::Invocation;
use crate::item::{Item, Parameter};
use crate::record::rows::item_variant;

/// Variable with the path of a file to which the process, which records nothing, appends the tests that have the attribute, one
/// per line: the harness's name and, behind a tab, `hash_hex` of the variant, if that is known before the body runs.
pub const LIST: &str = "CARGO_MONITOR_LIST";

/// First characters of a line in that file which names a processor feature that the test is built for and valgrind does not
/// know.
pub const UNKNOWN_TO_VALGRIND: &str = "//unknown ";

macro_rules! unknown_features {
    ($($feature:literal => $name:literal,)+) => {
        /// Processor features that valgrind 3.25 does not know: the compiler's name and the usual name. Programs that look for
        /// them at run time are told that they are missing.
        pub const UNKNOWN_FEATURES: &[(&str, &str)] = &[$(($feature, $name),)+];

        /// Those that the test may be built with.
        const USED: &[(bool, &str)] = &[$((cfg!(target_feature = $feature), $name),)+];
    };
}

unknown_features! {
    "avx512f" => "AVX-512",
    "sha" => "SHA",
    "vaes" => "VAES",
    "gfni" => "GFNI",
}

static LIST_FILE: OnceCell<Option<PathBuf>> = OnceCell::new();

fn list_file() -> Option<&'static PathBuf> {
    let find = || {
        let path = env::var_os(LIST)?;
        (!Invocation::find().is_inherited(LIST, &path)).then(|| PathBuf::from(path))
    };
    LIST_FILE.get_or_init(find).as_ref()
}

/// Whether this process makes a list of tests, and does nothing else about them.
pub(crate) fn is_listing() -> bool {
    list_file().is_some()
}

/// Notes that the test of the calling thread has the attribute, if a list of such tests is made; with its variant, if the
/// `parameters` are known.
pub(crate) fn list(item: &Item, parameters: Option<&[Parameter]>) {
    let Some(path) = list_file() else { return };
    let unknown: Vec<&str> = USED.iter().filter(|(is_used, _)| *is_used).map(|(_, name)| *name).collect();
    let thread = thread::current();
    let Some(name) = thread.name().filter(|name| *name != "main") else { return };
    if let Ok(mut file) = OpenOptions::new().append(true).create(true).open(path) {
        // One write, which no other one can come into. What is not on the list is not counted.
        let line = match unknown.as_slice() {
            [] => match parameters {
                Some(parameters) => format!("{name}\t{}\n", hash_hex([&variant_of(item, parameters)])),
                None => format!("{name}\n"),
            },
            unknown => format!("{UNKNOWN_TO_VALGRIND}{}\n", unknown.join(", ")),
        };
        let _ = file.write_all(line.as_bytes());
    }
}

/// As the row of the test will have it.
fn variant_of(item: &Item, parameters: &[Parameter]) -> String {
    let (config, _) = Config::from_variables(&|name| env::var_os(name), PathBuf::from(item.manifest_dir));
    item_variant(item, parameters, config.explicit_parameters)
}

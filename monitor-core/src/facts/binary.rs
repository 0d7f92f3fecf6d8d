//! Which test binary a process runs.

use std::path::Path;

use super::program::without_hash;
use crate::item::Item;

/// The binary of `executable`, in which `item` runs, named as nextest does: `package` for the library's unit tests,
/// `package::test` for an integration test, `package::bin/name` (`example`, `bench`) for other targets. Doc tests, which
/// nextest does not run, are `package::doc`.
///
/// The item tells what it is compiled into. If that is not this program (a helper of the library that is called in an
/// integration test), the program's own name has to do.
pub(super) fn binary_id(executable: &Path, item: &Item) -> String {
    let Item { package, .. } = item;
    let stem = executable.file_stem().unwrap_or_default().to_string_lossy();
    let program = without_hash(&stem);
    let crate_name = item.module.split("::").next().unwrap_or_default();
    let is_example = executable.parent().is_some_and(|folder| folder.ends_with("examples"));
    match item.bin_name {
        _ if program == "rust_out" => format!("{package}::doc"),
        _ if program != crate_name => format!("{package}::{program}"),
        Some(name) if is_example => format!("{package}::example/{name}"),
        Some(name) => format!("{package}::bin/{name}"),
        None if !item.is_outside_library => (*package).to_owned(),
        None if folders(item.file).any(|folder| folder == "benches") => {
            format!("{package}::bench/{}", target_name(item.file, crate_name))
        }
        None => format!("{package}::{}", target_name(item.file, crate_name)),
    }
}

/// The name of the target whose crate is called `crate_name`: with dashes, if a folder or file in the path has them.
fn target_name<'a>(file: &'a str, crate_name: &'a str) -> &'a str {
    let names = folders(file).map(|name| name.strip_suffix(".rs").unwrap_or(name));
    let mut of_crate = names.filter(|name| name.replace('-', "_") == crate_name);
    of_crate.next_back().unwrap_or(crate_name)
}

fn folders(file: &str) -> impl DoubleEndedIterator<Item = &str> {
    file.split(['/', '\\'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::{Budgets, ShouldPanic};

    const UNIT: Item = Item {
        name: "prime",
        function: "prime",
        module: "my_package::tests",
        file: "src/lib.rs",
        line: 7,
        package: "my-package",
        manifest_dir: "",
        options: None,
        bin_name: None,
        is_outside_library: false,
        component: None,
        budgets: Budgets {
            max_time: None,
            max_cpu: None,
            max_heap: None,
            max_allocations: None,
            max_instructions: None,
            no_leak: false,
        },
        isolate: false,
        should_panic: ShouldPanic::No,
        deferred: false,
    };
    const BINARY: Item = Item { bin_name: Some("my-package"), file: "src/main.rs", ..UNIT };
    const OUTSIDE: Item = Item { is_outside_library: true, module: "with_dash", file: "a/tests/with-dash.rs", ..UNIT };

    #[test]
    fn binaries_are_named_as_nextest_does() {
        let id = |program: &str, item: &Item| {
            binary_id(Path::new(&format!("/t/debug/deps/{program}-0123456789abcdef")), item)
        };
        assert_eq!(id("my_package", &UNIT), "my-package");
        assert_eq!(id("other_name", &Item { module: "other_name", ..UNIT }), "my-package");
        assert_eq!(id("my_package", &BINARY), "my-package::bin/my-package");
        assert_eq!(id("with_dash", &OUTSIDE), "my-package::with-dash");
        assert_eq!(id("with_dash", &Item { file: "tests/with-dash/part.rs", ..OUTSIDE }), "my-package::with-dash");
        assert_eq!(id("with_dash", &Item { file: "benches/with-dash.rs", ..OUTSIDE }), "my-package::bench/with-dash");
        assert_eq!(id("with_dash", &Item { file: "elsewhere.rs", ..OUTSIDE }), "my-package::with_dash");
        assert_eq!(binary_id(Path::new("/elsewhere/my_package"), &UNIT), "my-package");
        let example = Path::new("/t/debug/examples/shown-0123456789abcdef");
        let item = Item { module: "shown", bin_name: Some("shown"), ..UNIT };
        assert_eq!(binary_id(example, &item), "my-package::example/shown");
    }

    #[test]
    fn an_item_of_another_crate_does_not_name_the_binary() {
        assert_eq!(binary_id(Path::new("/t/debug/deps/with_dash-0123456789abcdef"), &UNIT), "my-package::with_dash");
        assert_eq!(binary_id(Path::new("/tmp/rustdoctest/rust_out"), &UNIT), "my-package::doc");
    }
}

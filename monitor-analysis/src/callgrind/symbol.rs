//! What the name of a function and the path of its source say.

/// Crates that come with the compiler, and the counting allocator, which works for whoever allocates.
const LANGUAGE: [&str; 10] = [
    "core",
    "alloc",
    "std",
    "__rustc",
    "compiler_builtins",
    "std_detect",
    "panic_unwind",
    "test",
    "monitor_core",
    "monitor_runtime",
];

/// Parts of the names of shared objects whose functions serve every program.
const SYSTEM_OBJECTS: [&str; 8] =
    ["/libc.so", "/libc-", "/ld-linux", "/ld-", "/libm.so", "/libpthread", "/libgcc_s", "/vgpreload_"];

/// The name without the hash that older compilers append (`::h0123456789abcdef`).
pub(super) fn without_hash(name: &str) -> &str {
    match name.rsplit_once("::h") {
        Some((before, hash)) if hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => before,
        _ => name,
    }
}

/// Whether a function belongs to the language's library or the C library, so that its caller is shown instead.
///
/// Decided by the path in the symbol: the file that callgrind names is often that of code inlined into it.
#[must_use]
pub fn is_of_language(name: &str, object: &str, file: &str) -> bool {
    if !name.contains("::") {
        // A function of C, or of the startup code.
        return SYSTEM_OBJECTS.iter().any(|part| object.contains(part)) || name.starts_with("__rust") || name == "???";
    }
    match first_crate(name) {
        // The library's own copies of crates.
        Some(
            "hashbrown" | "memchr" | "addr2line" | "gimli" | "object" | "miniz_oxide" | "rustc_demangle" | "adler2",
        ) => file.starts_with("/rust/deps/") || file.starts_with("/rustc/"),
        Some(name) => LANGUAGE.contains(&name),
        None => true,
    }
}

/// The crate whose code it is: of `<a::B as c::D>::e` it is `a`, of `<&T as c::D>::e` it is `c`.
fn first_crate(name: &str) -> Option<&str> {
    let mut rest = name;
    loop {
        rest = rest.trim_start_matches(['<', '&', '[', '(', '*', ' ']);
        rest = rest.trim_start_matches("mut ").trim_start_matches("const ").trim_start_matches("dyn ");
        let end = rest.find(|character: char| !(character.is_alphanumeric() || character == '_')).unwrap_or(rest.len());
        let word = &rest[..end];
        if rest[end..].starts_with("::") && !word.is_empty() {
            return Some(word);
        }
        // A parameter or a primitive type: what follows tells.
        let next = &rest[end..];
        rest = next.trim_start_matches(|character: char| {
            !(character.is_alphanumeric() || character == '_' || character == '<')
        });
        if let Some(after) = rest.strip_prefix("as ") {
            rest = after;
        }
        if rest.is_empty() || rest.len() == name.len() {
            return None;
        }
    }
}

/// Whether code in this file is not what a reader can change: the language's, or of the counting allocator.
pub(super) fn is_passed_by(file: &str) -> bool {
    package_of(file) == "std" || ["/monitor-core", "/monitor-runtime"].iter().any(|folder| file.contains(folder))
}

/// Package and version in the path of a source file (`regex-syntax 0.8.5`); the language is `std`; empty for the user's own
/// code, and where the path does not say.
#[must_use]
pub fn package_of(file: &str) -> String {
    if file.starts_with("/rustc/") || file.starts_with("/rust/deps/") || file.contains("/lib/rustlib/src/") {
        return "std".to_owned();
    }
    let folder_below = |part: &str, skip: usize| {
        let (_, rest) = file.split_once(part)?;
        rest.split('/').nth(skip)
    };
    if let Some(folder) = folder_below("/registry/src/", 1) {
        let at = folder.match_indices('-').map(|(at, _)| at).find(|at| {
            folder[at + 1..].starts_with(|character: char| character.is_ascii_digit()) && folder[at + 1..].contains('.')
        });
        return at.map_or(folder.to_owned(), |at| format!("{} {}", &folder[..at], &folder[at + 1..]));
    }
    if let Some(folder) = folder_below("/git/checkouts/", 0) {
        return folder.rsplit_once('-').map_or(folder, |(name, _)| name).to_owned();
    }
    String::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_a_function_is_stands_in_its_path() {
        let exe = "/t/deps/demo-0123";
        for name in [
            "core::ptr::drop_in_place<demo::Thing>",
            "<alloc::vec::Vec<T> as core::ops::drop::Drop>::drop",
            "std::sys::alloc::unix::<impl core::alloc::global::GlobalAlloc for std::alloc::System>::alloc",
            "<&T as core::fmt::Debug>::fmt",
            "<[T] as alloc::slice::ToOwned>::to_owned",
            "<u64 as core::fmt::Display>::fmt",
            "__rustc::__rust_alloc",
            "__rust_alloc",
        ] {
            assert!(is_of_language(name, exe, ""), "{name}");
        }
        for name in [
            "<demo::Thing as core::ops::drop::Drop>::drop",
            "<&demo::Thing as core::fmt::Debug>::fmt",
            "demo::tests::prime",
            "regex_syntax::hir::interval::IntervalSet<I>::negate",
            "sqlite3VdbeExec",
        ] {
            assert!(!is_of_language(name, exe, ""), "{name}");
        }
        assert!(is_of_language("_int_malloc", "/usr/lib/x86_64-linux-gnu/libc.so.6", "./malloc/malloc.c"));
        assert!(is_of_language(
            "hashbrown::raw::RawTable<T,A>::insert",
            exe,
            "/rust/deps/hashbrown-0.15.2/src/raw/mod.rs"
        ));
        assert!(!is_of_language(
            "hashbrown::raw::RawTable<T,A>::insert",
            exe,
            "/h/.cargo/registry/src/index-1/hashbrown-0.15.2/src/raw/mod.rs"
        ));
    }

    #[test]
    fn a_path_names_the_package() {
        let registry = "/h/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f";
        assert_eq!(package_of(&format!("{registry}/regex-syntax-0.8.5/src/hir/mod.rs")), "regex-syntax 0.8.5");
        assert_eq!(
            package_of(&format!("{registry}/toml_edit-0.25.18+spec-1.1.0/src/lib.rs")),
            "toml_edit 0.25.18+spec-1.1.0"
        );
        assert_eq!(package_of("/rustc/59807616e/library/core/src/str/mod.rs"), "std");
        assert_eq!(package_of("/home/me/demo/src/lib.rs"), "");
    }

    #[test]
    fn the_hash_of_older_compilers_goes() {
        assert_eq!(without_hash("demo::f::h0123456789abcdef"), "demo::f");
        assert_eq!(without_hash("demo::handle"), "demo::handle");
    }
}

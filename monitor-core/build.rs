//! Tells the runtime which toolchain the tests are built with, in which profile, and what the platform can do: see new
//! threads, have another allocator brought in; names what expansions call by the version.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_default()
}

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=RUSTC");
    println!("cargo::rustc-check-cfg=cfg(backend, values(\"linux\", \"unix\", \"portable\"))");
    println!("cargo::rustc-cfg=backend=\"{}\"", backend());
    println!("cargo::rustc-check-cfg=cfg(wraps_pthread_create)");
    if may_wrap_pthread_create() {
        println!("cargo::rustc-cfg=wraps_pthread_create");
    }
    println!("cargo::rustc-check-cfg=cfg(can_bring_an_allocator)");
    if finds_sections() {
        println!("cargo::rustc-cfg=can_bring_an_allocator");
    }
    println!("cargo::rustc-check-cfg=cfg(initial_exec_tls)");
    if has_initial_exec_tls() {
        println!("cargo::rustc-cfg=initial_exec_tls");
    }
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc).arg("--version").output().ok();
    let version = version.and_then(|output| String::from_utf8(output.stdout).ok()).unwrap_or_default();
    println!("cargo::rustc-env=MONITOR_BUILD_RUSTC={}", version.trim());
    println!("cargo::rustc-env=MONITOR_BUILD_TARGET={}", variable("TARGET"));
    println!("cargo::rustc-env=MONITOR_BUILD_PROFILE={}", profile(&variable("OUT_DIR"), &variable("PROFILE")));
    let private = Path::new(&variable("OUT_DIR")).join("private.rs");
    fs::write(private, private_under_its_version(&variable("CARGO_PKG_VERSION"))).expect("OUT_DIR can be written");
}

/// What expansions call, under the name by which the macro of the same version knows it, `__private_0_1_0`: a macro and a
/// runtime of different versions must not meet.
fn private_under_its_version(version: &str) -> String {
    let version = version.replace(|character: char| !character.is_ascii_alphanumeric(), "_");
    format!("#[doc(hidden)]\npub mod __private_{version} {{\n    pub use crate::__private::*;\n}}\n")
}

/// `PROFILE` says only `debug` or `release`; a custom profile's name is the folder before `build` in `OUT_DIR`.
fn profile(out_dir: &str, fallback: &str) -> String {
    let before_build = Path::new(out_dir).ancestors().find(|path| path.file_name().is_some_and(|name| name == "build"));
    let folder = before_build.and_then(|build| build.parent()?.file_name()?.to_str());
    match folder.unwrap_or(fallback) {
        "debug" => "dev".to_owned(),
        name => name.to_owned(),
    }
}

/// Which file of `src/sys/` asks the operating system.
fn backend() -> &'static str {
    match variable("CARGO_CFG_TARGET_OS").as_str() {
        _ if is_on("PORTABLE") => "portable",
        "linux" if !is_on("UNIX") => "linux",
        "linux" | "macos" | "ios" | "freebsd" | "openbsd" => "unix",
        _ => "portable",
    }
}

fn is_on(feature: &str) -> bool {
    env::var_os(format!("CARGO_FEATURE_{feature}")).is_some()
}

/// Whether the linker tells where a section begins and ends, as those of ELF do.
fn finds_sections() -> bool {
    let systems = ["linux", "android", "freebsd", "netbsd", "openbsd", "dragonfly", "illumos", "solaris"];
    systems.contains(&variable("CARGO_CFG_TARGET_OS").as_str()) && env::var_os("CARGO_CFG_MIRI").is_none()
}

fn has(name: &str, value: &str) -> bool {
    variable(name).split(',').any(|known| known == value)
}

fn is_sanitized() -> bool {
    env::var_os("CARGO_CFG_SANITIZE").is_some()
        || variable("CARGO_ENCODED_RUSTFLAGS").split('\u{1f}').any(|flag| flag.contains("sanitizer="))
}

/// Whether a word of a thread's own may be reached by instructions of ours: where they are known, the C library has room for it also
/// in a program that loads the code later, and nothing looks at every access.
fn has_initial_exec_tls() -> bool {
    backend() == "linux"
        && has("CARGO_CFG_TARGET_ENV", "gnu")
        && has("CARGO_CFG_TARGET_ARCH", "x86_64")
        && has("CARGO_CFG_TARGET_POINTER_WIDTH", "64")
        && !has("CARGO_CFG_TARGET_FEATURE", "crt-static")
        && env::var_os("CARGO_CFG_MIRI").is_none()
        && !is_sanitized()
}

/// Whether the runtime takes the place of `pthread_create`: not where there is no dynamic linker to find the real one, and not
/// where a sanitizer has to come first.
fn may_wrap_pthread_create() -> bool {
    is_on("THREAD_ATTRIBUTION")
        && backend() == "linux"
        && has("CARGO_CFG_TARGET_ENV", "gnu")
        && ["x86_64", "x86", "aarch64", "riscv64"].contains(&variable("CARGO_CFG_TARGET_ARCH").as_str())
        && !has("CARGO_CFG_TARGET_FEATURE", "crt-static")
        && !is_sanitized()
}

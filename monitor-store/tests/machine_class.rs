//! Machine classes of files that an earlier version wrote.
#![forbid(unsafe_code)]

use monitor_store::{ContextClass, Entry, ExecutionContext, Monitor, Writer, hash_hex, machine_class};

/// The context of a kernel of series 6.8, and its class by `made`.
fn entry(patch: u32, made: impl Fn(&ExecutionContext, &ContextClass) -> String) -> Entry {
    let context = ExecutionContext {
        env_h: patch.to_string(),
        cpu_count: 2,
        cpu_type: "x86_64".to_owned(),
        cpu_vendor: "Example CPU".to_owned(),
        system_info: format!("Linux - 6.8.{patch}"),
        ..ExecutionContext::default()
    };
    let mut class = ContextClass {
        env_h: patch.to_string(),
        class_h: String::new(),
        rustc: "rustc 1.95.0".to_owned(),
        profile: "dev".to_owned(),
        opt_level: "0".to_owned(),
        target: "x86_64-unknown-linux-gnu".to_owned(),
    };
    class.class_h = made(&context, &class);
    Entry::Context { context, class }
}

/// The class as it was made when all of the kernel's release counted, and no condition did.
fn former(context: &ExecutionContext, class: &ContextClass) -> String {
    let ContextClass { rustc, target, profile, opt_level, .. } = class;
    hash_hex(["Example CPU", "2", "x86_64", &context.system_info, rustc, target, profile, opt_level])
}

#[test]
fn contexts_of_earlier_versions_come_into_todays_class() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let file = folder.path().join("x.pymon");
    let mut writer = Writer::open(&file).expect("the file can be written");
    let classes = || {
        let monitor = Monitor::open(&file).expect("it can be read");
        let class = |patch: u32| monitor.class(&patch.to_string()).expect("it can be asked").map(|class| class.class_h);
        [0, 1, 2, 3].map(class)
    };
    // As they stand in a file of an earlier version, which knew of no such function.
    writer.apply(&[entry(0, former), entry(1, former)]).expect("rows can be written");
    let sanitized = |context: &_, class: &_| machine_class(context, class, &["sanitizer=address"]);
    writer.apply(&[entry(2, sanitized)]).expect("a row can be written");
    writer.apply(&[entry(3, |context, class| machine_class(context, class, &[]))]).expect("a row can be written");
    let [old, older, sanitized, today] = classes();
    assert!(today.is_some() && sanitized.is_some());
    assert_eq!((&old, &older), (&today, &today), "a kernel's patch release, of an earlier version and of today's");
    assert_ne!(sanitized, today, "another class of today's stays another");
}

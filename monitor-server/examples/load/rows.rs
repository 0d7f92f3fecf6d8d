//! What clients send.

use serde_json::json;

/// Tests in a session.
pub const TESTS: usize = 5_000;
/// Tests of a session that run at once.
const AT_ONCE: f64 = 4.0;

/// A metric as pytest-monitor sends it. Without a serialiser: what it took would be taken for the server's.
pub fn metric(client: usize, number: usize) -> String {
    let case = number % 100;
    format!(
        "{{\"session_h\": \"single\", \"context_h\": \"context\", \
         \"item_start_time\": \"2026-11-23T00:{client:02}:00.{number:06}\", \"item_path\": \"pkg.test_mod\", \
         \"item\": \"test_single\", \"item_variant\": \"test_single[{case}]\", \"item_fs_loc\": \"pkg/test_mod.py\", \
         \"kind\": \"function\", \"component\": \"load\", \"total_time\": 0.25, \"user_time\": 0.1, \"kernel_time\": 0.2, \
         \"cpu_usage\": 0.24, \"mem_usage\": 3.5}}"
    )
}

/// A session as `cargo monitor push` sends it.
pub fn session(number: usize) -> String {
    let date = format!("2026-{:02}-{:02}T{:02}:34:04", 1 + number / 672 % 12, 1 + number / 24 % 28, number % 24);
    let class = json!({"class_h": "class", "rustc": "rustc 1.95.0", "profile": "dev", "opt_level": "0", "target": "t"});
    let head = json!({
        "session": {
            "session_h": format!("session-{number}"), "run_date": date, "scm_ref": format!("revision-{number}"), "ended": true,
            "description": {"git_branch": "main", "pipeline_branch": "main", "pipeline_build_no": number.to_string()},
        },
        "contexts": [{
            "h": "context", "cpu_count": 2, "cpu_frequency": 2600.0, "cpu_type": "x86_64", "cpu_vendor": "A processor",
            "ram_total": 16_000, "machine_node": "node", "machine_type": "x86_64", "machine_arch": "64bit",
            "system_info": "Linux", "python_info": "rustc 1.95.0", "class": class,
        }],
    });
    let mut text = format!("{head}\n");
    let mut busy = 0.0;
    for test in 0..TESTS {
        let (item, case) = (test / 10, test % 10);
        // Some scatter, the same in every run of this program.
        let scatter = 1.0 + ((test * 7919 + number * 104_729) % 1_009) as f64 / 20_000.0;
        let wall = 0.0001 * (1 + test) as f64 * scatter;
        // So many at once.
        let start = busy / AT_ONCE;
        busy += wall;
        let (minute, second) = (34 + start as usize / 60, start % 60.0);
        let is_flaky = test % 100 == 7 && number % 10 == 3;
        let outcome = if is_flaky { "failed" } else { "passed" };
        let row = json!({
            "context_h": "context", "item_start_time": format!("{}{minute}:{second:09.6}", &date[..14]), "item_path": "krate::tests",
            "item": format!("test_{item}"), "item_variant": format!("test_{item}[{case}]"), "item_fs_loc": "src/lib.rs",
            "kind": "function", "component": "krate", "package": "krate", "binary": "krate", "total_time": wall,
            "user_time": wall * 0.9, "kernel_time": wall * 0.01, "cpu_usage": 0.91, "mem_usage": ((test * 7919 + number * 31) % 10_007) as f64,
            "profile": {
                "attempt": 1, "outcome": outcome, "attribution": "threads", "mem_source": "heap", "heap_peak": 4096 * test,
                "heap_retained": 0, "heap_allocated": 8192 * test, "allocations": 100 + test, "threads": 1,
            },
        });
        text += &format!("{row}\n");
    }
    text
}

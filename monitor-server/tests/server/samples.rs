//! Contexts, sessions and metrics as clients send them.

use serde_json::{Value, json};

pub fn context(h: &str) -> Value {
    json!({
        "h": h, "cpu_count": 8, "cpu_frequency": 2600.75, "cpu_type": "x86_64", "cpu_vendor": "A processor",
        "ram_total": 16_000, "machine_node": "node", "machine_type": "x86_64", "machine_arch": "64bit",
        "system_info": "Linux - 6.1.0", "python_info": "3.11.2",
    })
}

pub fn session(h: &str, tags: Value) -> Value {
    json!({"session_h": h, "run_date": "2026-11-23T00:34:04.856111", "scm_ref": "cafe1234", "description": tags})
}

/// A metric with its fields as given beyond these.
pub fn metric(fields: Value) -> Value {
    let mut metric = json!({
        "session_h": "s1", "context_h": "c1", "item_start_time": "2026-11-23T00:34:05.000001", "item_path": "pkg.test_mod",
        "item": "test_a", "item_variant": "test_a[1, one]", "item_fs_loc": "pkg/test_mod.py", "kind": "function",
        "component": "", "total_time": 1.25, "user_time": 0.1, "kernel_time": 0.2, "cpu_usage": 0.24, "mem_usage": 3,
    });
    for (name, value) in fields.as_object().expect("fields") {
        metric[name] = value.clone();
    }
    metric
}

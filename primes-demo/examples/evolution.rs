//! Tells the story of `test_prime[982451653]`: one session per implementation, as if each were a commit, then the
//! query that shows what each cost.
//!
//! `cargo run -p primes-demo --example evolution [FILE]` writes `FILE` (by default the workspace's `.pymon`).
#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context as _, ensure};
use primes_demo::Implementation;
use rusqlite::{Connection, OpenFlags, types::Value};

const QUERY: &str = "select ITEM, TOTAL_TIME, CPU_USAGE, MEM_USAGE, ITEM_PATH from TEST_METRICS";
const STORY: &str = "select substr(SCM_ID, 1, 8) as 'commit', json_extract(RUN_DESCRIPTION, '$.implementation') as implementation, \
     printf('%.6f', TOTAL_TIME) as wall_s, printf('%.6f', USER_TIME + KERNEL_TIME) as cpu_s, \
     printf('%.1f', MEM_USAGE) as memory_mib from TEST_METRICS join TEST_SESSIONS using (SESSION_H) \
     where ITEM_VARIANT = 'test_prime[982451653]' and ITEM_PATH = 'primes_demo::tests' \
     order by ITEM_START_TIME";

fn main() -> anyhow::Result<()> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = match env::args_os().nth(1) {
        Some(path) => env::current_dir()?.join(path),
        None => here.parent().context("the demo is in a workspace")?.join(".pymon"),
    };
    for implementation in Implementation::ALL {
        run_session(here, implementation, &file)?;
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
    let database =
        Connection::open_with_flags(&file, flags).with_context(|| format!("cannot open {}", file.display()))?;
    println!("{QUERY};");
    print_table(&database, QUERY)?;
    println!("\nEvolution of test_prime[982451653], all sessions of {}:", file.display());
    print_table(&database, STORY)
}

/// Runs the tests with one implementation as a session of its own. Its revision is the hash of its source.
fn run_session(here: &Path, implementation: Implementation, file: &Path) -> anyhow::Result<()> {
    let name = implementation.name();
    let source: PathBuf = here.join("src").join(name).with_extension("rs");
    let text = fs::read(&source).with_context(|| format!("cannot read {}", source.display()))?;
    eprintln!("cargo test, with is_prime by {name}");
    let status = Command::new(env!("CARGO"))
        .current_dir(here)
        .args(["test", "--quiet", "-p", "primes-demo", "--lib", "tests::test_prime", "--"])
        .args(["--skip", "all_divisors", "--skip", "miller_rabin", "--skip", "sieve", "--skip", "square_root"])
        .env("PRIMES_IMPLEMENTATION", name)
        .env("MONITOR_DB", file)
        .env("MONITOR_SCM_ID", monitor_store::hash_hex([text]))
        .env("MONITOR_TAGS", format!("implementation={name}"))
        .env("MONITOR_DESCRIPTION", "the evolution of is_prime")
        .status()
        .context("cannot run cargo test")?;
    ensure!(status.success(), "cargo test failed with is_prime by {name}");
    Ok(())
}

fn print_table(database: &Connection, query: &str) -> anyhow::Result<()> {
    let mut statement = database.prepare(query)?;
    let columns = statement.column_count();
    let header: Result<_, _> = (0..columns).map(|column| statement.column_name(column).map(str::to_owned)).collect();
    let mut rows: Vec<Vec<String>> = vec![header?];
    let found = statement.query_map([], |row| (0..columns).map(|column| Ok(text(&row.get(column)?))).collect())?;
    for row in found {
        rows.push(row?);
    }
    let widths: Vec<usize> =
        (0..columns).map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0)).collect();
    for row in rows {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        println!("{}", cells.join(" | ").trim_end());
    }
    Ok(())
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => format!("{number:.6}"),
        Value::Text(text) => text.clone(),
        Value::Blob(bytes) => format!("{bytes:?}"),
    }
}

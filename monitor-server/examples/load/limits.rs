//! What this machine can do at most, whatever a server does: its disk, and its loopback.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::thread;

use monitor_server::store::open;

use super::Result;
use super::rates::Work;

/// Syncs of a file that grows.
pub fn syncs(folder: &Path) -> Result<Work> {
    let mut file = File::create(folder.join("raw"))?;
    Ok(Box::new(move || {
        file.write_all(&[1; 4096])?;
        Ok(file.sync_data()?)
    }))
}

/// Commits of SQLite that are safe on the disk, of a row of two columns.
pub fn bare_commits(folder: &Path) -> Result<Work> {
    let connection = rusqlite::Connection::open(folder.join("raw.db"))?;
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE t (a, b)")?;
    Ok(Box::new(move || {
        let mut insert = connection.prepare_cached("INSERT INTO t VALUES (?1, ?2)")?;
        insert.execute(("some text as long as a metric has", 1.5))?;
        Ok(())
    }))
}

/// As [`bare_commits`], of what a server writes for a metric that comes by itself.
pub fn metric_commits(folder: &Path) -> Result<Work> {
    let file = folder.join("metrics.db");
    drop(open::database(&file.to_string_lossy())?);
    let connection = rusqlite::Connection::open(file)?;
    connection.execute_batch("PRAGMA synchronous = FULL")?;
    let mut number: i64 = 0;
    Ok(Box::new(move || {
        number += 1;
        let mut insert = connection.prepare_cached(
            "INSERT INTO arrivals (project, session_h, context_h, start, path, item, variant, fs_loc, kind, component, total_time, \
             user_time, kernel_time, cpu_usage, mem_usage) VALUES ('default', 'single', 'context', ?1, 'pkg.test_mod', \
             'test_single', ?2, 'pkg/test_mod.py', 'function', 'load', 0.25, 0.1, 0.2, 0.24, 3.5)",
        )?;
        insert.execute((format!("2026-11-23T00:00:00.{number:06}"), format!("test_single[{}]", number % 100)))?;
        Ok(())
    }))
}

/// A server that looks at nothing: it gives every request the same answer, as long as that to a metric.
pub fn mute(answer: Vec<u8>) -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || -> Result<()> {
        for stream in listener.incoming() {
            let (mut stream, answer) = (stream?, answer.clone());
            thread::spawn(move || -> Result<()> {
                stream.set_nodelay(true)?;
                let mut request = [0; 4096];
                while stream.read(&mut request)? > 0 {
                    stream.write_all(&answer)?;
                }
                Ok(())
            });
        }
        Ok(())
    });
    Ok(address)
}

//! What Linux says about processes in the small files of `/proc`. Where there is no `/proc`, everything here is `None` or
//! empty.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// No file read by [`read`] is longer.
const LONGEST: usize = 4096;

/// The text of a file of `/proc`, in one read: such files do not tell their size, so that `std` reads them in pieces that
/// begin with 32 bytes. `None` if it can't be read.
#[must_use]
pub fn read(path: impl AsRef<Path>) -> Option<String> {
    let mut bytes = [0; LONGEST];
    let length = File::open(path).and_then(|mut file| file.read(&mut bytes)).ok()?;
    let bytes = &bytes[..length];
    Some(str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes).into_owned(), str::to_owned))
}

/// Whether this system has a `/proc` with processes.
#[must_use]
pub fn is_there() -> bool {
    static IS_THERE: OnceLock<bool> = OnceLock::new();
    *IS_THERE.get_or_init(|| Path::new("/proc/self/stat").exists())
}

/// What `/proc/<pid>/stat` says of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stat {
    /// Name of the program, at most 15 bytes of it.
    pub name: String,
    /// `R` running, `S` sleeping, `Z` zombie, …
    pub state: char,
    /// The parent's id; 0 if it has none that this process may know.
    pub parent: u32,
    /// Start in clock ticks since boot, which tells the process from a later one with the same id.
    pub started: u64,
}

impl Stat {
    /// That of the process `pid`. `None` if there is no such process, or it is hidden from this one.
    #[must_use]
    pub fn of(pid: u32) -> Option<Self> {
        Self::parse(&read(format!("/proc/{pid}/stat"))?)
    }

    /// Whether the process has ended and its parent has not waited for it yet (a zombie).
    #[must_use]
    pub fn is_dead(&self) -> bool {
        matches!(self.state, 'Z' | 'X' | 'x')
    }

    fn parse(stat: &str) -> Option<Self> {
        // The name, in parentheses, may hold spaces and parentheses.
        let (name, rest) = stat.split_once('(')?.1.rsplit_once(')')?;
        let mut fields = rest.trim_ascii().split(' ');
        let state = fields.next()?.chars().next()?;
        let parent = fields.next()?.parse().ok()?;
        let started = fields.nth(17)?.parse().ok()?;
        Some(Self { name: name.to_owned(), state, parent, started })
    }
}

/// The program that a process runs. `None` if there is no such process, or it is another user's.
#[must_use]
pub fn program(pid: u32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{pid}/exe")).ok()
}

/// The arguments of a process, its own name first.
#[must_use]
pub fn arguments(pid: u32) -> Vec<String> {
    words(format!("/proc/{pid}/cmdline"))
}

/// The environment that a process was started with, `NAME=VALUE`. Empty if it is another user's process.
#[must_use]
pub fn environment(pid: u32) -> Vec<String> {
    words(format!("/proc/{pid}/environ"))
}

/// Processes that `pid` has started and not waited for yet; where the kernel has no list of them (`CONFIG_PROC_CHILDREN`), those
/// among the youngest of the machine.
#[must_use]
pub fn children(pid: u32) -> Vec<u32> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let lists: io::Result<Vec<String>> =
        threads.map(|thread| fs::read_to_string(thread.path().join("children"))).collect();
    match lists {
        Ok(lists) => {
            lists.iter().flat_map(|list| list.split_ascii_whitespace()).filter_map(|id| id.parse().ok()).collect()
        }
        Err(_) => youngest_after(pid).filter(|child| Stat::of(*child).is_some_and(|stat| stat.parent == pid)).collect(),
    }
}

/// Processes with greater ids than `pid`, the greatest first: most are younger. Only so many, as there may be thousands.
fn youngest_after(pid: u32) -> impl Iterator<Item = u32> {
    const MOST: usize = 64;
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let mut ids: Vec<u32> = ids.filter(|id| *id > pid).collect();
    ids.sort_unstable_by(|a, b| b.cmp(a));
    ids.into_iter().take(MOST)
}

/// The texts of a file in which each ends with a zero byte.
fn words(path: String) -> Vec<String> {
    let bytes = fs::read(path).unwrap_or_default();
    let words = bytes.split(|byte| *byte == 0).filter(|word| !word.is_empty());
    words.map(|word| String::from_utf8_lossy(word).into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_read_whole() {
        assert_eq!(read("/proc/nowhere"), None);
        let Some(stat) = read("/proc/self/stat") else {
            println!("skipped: no /proc");
            return;
        };
        assert!(stat.starts_with(&format!("{} (", std::process::id())) && stat.ends_with('\n'), "{stat:?}");
        let this = std::process::id();
        assert_eq!(program(this), std::env::current_exe().ok());
        assert_eq!(arguments(this), std::env::args().collect::<Vec<_>>());
        let path = std::env::var("PATH").expect("a test has a path");
        assert!(environment(this).contains(&format!("PATH={path}")));
    }

    #[test]
    fn a_child_is_among_the_children_until_somebody_waits_for_it() {
        if !is_there() {
            println!("skipped: no /proc");
            return;
        }
        let this = std::process::id();
        let mut child =
            std::process::Command::new("cat").stdin(std::process::Stdio::piped()).spawn().expect("cat starts");
        let found = children(this).contains(&child.id());
        let _ = child.kill();
        let _ = child.wait().expect("it was started");
        assert!(found && !children(this).contains(&child.id()));
    }

    #[test]
    fn a_name_with_parentheses_hides_nothing() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 4711 1 1";
        let parsed = Stat { name: "a) b (c".to_owned(), state: 'S', parent: 1, started: 4711 };
        assert_eq!(Stat::parse(stat), Some(parsed.clone()));
        assert!(!parsed.is_dead());
        assert!(Stat::parse(&stat.replace(" S ", " Z ")).is_some_and(|stat| stat.is_dead() && stat.started == 4711));
        assert_eq!(Stat::parse("7 (x"), None);
    }
}

//! Small files of `/proc`.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// No file asked for here is longer.
const LONGEST: usize = 4096;

/// The text of a file of `/proc`, in one read: such files do not tell their size, so that `std` reads them in pieces that
/// begin with 32 bytes. `None` if it can't be read.
#[must_use]
pub fn read(path: impl AsRef<Path>) -> Option<String> {
    let mut bytes = [0; LONGEST];
    let length = File::open(path).and_then(|mut file| file.read(&mut bytes)).ok()?;
    Some(String::from_utf8_lossy(&bytes[..length]).into_owned())
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
    }
}

//! The files beside a database, and whether it lies on a network file system, where SQLite's write-ahead log must not be used:
//! its shared memory file does not work between hosts.

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// File systems of other hosts, and of hypervisors' shared folders.
const NETWORK_TYPES: [&str; 19] = [
    "9p", "afs", "afpfs", "beegfs", "ceph", "cifs", "coda", "davfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4",
    "prl_fs", "smb2", "smb3", "smbfs", "vboxsf", "virtiofs",
];

/// The file systems in user space that are known to be local; the others count as network file systems.
const LOCAL_FUSE_TYPES: [&str; 5] = ["encfs", "fuse-overlayfs", "gocryptfs", "mergerfs", "ntfs-3g"];

/// A path with `end` behind it: what lies beside a database under its name.
pub(crate) fn beside(path: &Path, end: &str) -> PathBuf {
    let mut path = OsString::from(path);
    path.push(end);
    path.into()
}

/// Locks the file, if nobody else does.
pub(crate) fn try_alone(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// The folder that `file` is in.
pub(crate) fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The files whose names are that of `db`, `infix`, and something that `is_wanted`.
pub(crate) fn named(db: &Path, infix: &str, is_wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let folder = folder_of(db);
    let (Some(name), Ok(files)) = (db.file_name(), fs::read_dir(folder)) else {
        return Vec::new();
    };
    let name = name.as_encoded_bytes();
    files
        .flatten()
        .map(|file| file.file_name())
        .filter(|file| {
            let rest = file.as_encoded_bytes().strip_prefix(name).and_then(|rest| rest.strip_prefix(infix.as_bytes()));
            rest.and_then(|rest| str::from_utf8(rest).ok()).is_some_and(&is_wanted)
        })
        .map(|file| folder.join(file))
        .collect()
}

/// Whether the write-ahead log of a database holds something.
pub(crate) fn has_log(database: &Path) -> bool {
    fs::metadata(beside(database, "-wal")).is_ok_and(|log| log.len() > 0)
}

/// Whether a file, or what a link of that name leads to, or the folder it would lie in, is on a network file system, where no
/// write-ahead log is used, as far as `/proc/self/mountinfo` tells.
#[must_use]
pub fn is_network(file: &Path) -> bool {
    let file = follow(file);
    let folder = folder_of(&file);
    if is_on_block_device(folder) {
        return false;
    }
    match (read_mounts(), fs::canonicalize(folder)) {
        (Ok(mounts), Ok(folder)) => type_of(&folder, &mounts).is_some_and(is_network_type),
        _ => false,
    }
}

/// Where the links of this name lead to, also if there is no file yet.
fn follow(file: &Path) -> PathBuf {
    const MOST_LINKS: usize = 40;
    let mut file = file.to_owned();
    for _ in 0..MOST_LINKS {
        let Ok(target) = fs::read_link(&file) else { break };
        file = file.parent().map_or_else(|| target.clone(), |folder| folder.join(&target));
    }
    file
}

/// Whether the folder's device has a number of its own, as Linux gives it to local disks: spares most
/// processes the 80 microseconds that reading the mounts takes.
#[cfg(unix)]
fn is_on_block_device(folder: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;

    const MAJOR: u64 = 0xffff_f000_000f_ff00;
    fs::metadata(folder).is_ok_and(|folder| folder.dev() & MAJOR != 0)
}

#[cfg(not(unix))]
fn is_on_block_device(_folder: &Path) -> bool {
    false
}

/// In one read if they fit: the system writes the list anew for each.
fn read_mounts() -> io::Result<String> {
    let mut mounts = String::with_capacity(16 * 1024);
    File::open("/proc/self/mountinfo")?.read_to_string(&mut mounts)?;
    Ok(mounts)
}

fn is_network_type(kind: &str) -> bool {
    match kind.strip_prefix("fuse.") {
        Some(fuse) => !LOCAL_FUSE_TYPES.contains(&fuse),
        None => NETWORK_TYPES.contains(&kind),
    }
}

/// Type of the file system that holds `folder`: of the deepest mount point above it, the last mounted
/// of several on the same point.
fn type_of<'a>(folder: &Path, mountinfo: &'a str) -> Option<&'a str> {
    mountinfo
        .lines()
        .filter_map(|line| {
            let point = unescape(line.split(' ').nth(4)?);
            let kind = line.split_once(" - ")?.1.split(' ').next()?;
            folder.starts_with(&point).then_some((point.len(), kind))
        })
        .max_by_key(|(depth, _)| *depth)
        .map(|(_, kind)| kind)
}

/// Undoes the kernel's octal escapes of space, tab, newline and backslash.
fn unescape(point: &str) -> String {
    point.replace("\\040", " ").replace("\\011", "\t").replace("\\012", "\n").replace("\\134", "\\")
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "\
22 1 254:0 / / rw,noatime shared:1 - ext4 /dev/vda rw
25 22 0:23 / /home rw shared:2 - nfs4 server:/home rw
26 25 0:24 / /home/me/local\\040disk rw - xfs /dev/vdb rw
27 22 0:25 / /mnt rw - ext4 /dev/vdc rw
28 22 0:26 / /mnt rw - fuse.sshfs me@host:/ rw
29 22 0:27 / /pool rw - fuse.mergerfs a:b rw
";

    #[test]
    fn the_deepest_and_last_mount_decides() {
        for (folder, kind, network) in [
            ("/srv", "ext4", false),
            ("/home/me", "nfs4", true),
            ("/homework", "ext4", false),
            ("/home/me/local disk/x", "xfs", false),
            ("/mnt/x", "fuse.sshfs", true),
            ("/pool", "fuse.mergerfs", false),
        ] {
            let found = type_of(Path::new(folder), MOUNTS);
            assert_eq!(found, Some(kind), "{folder}");
            assert_eq!(is_network_type(kind), network, "{kind}");
        }
    }

    #[test]
    fn the_folder_for_temporary_files_is_local() {
        assert!(!is_network(&std::env::temp_dir().join("x.pymon")));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_lies_where_it_leads_to() {
        use std::os::unix::fs::symlink;

        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let (link, next) = (folder.path().join(".pymon"), folder.path().join("next"));
        symlink("next", &link).expect("a link can be made");
        symlink("/proc/costs.pymon", &next).expect("a link can be made");
        assert_eq!(follow(&link), Path::new("/proc/costs.pymon"), "whether there is a file yet or not");
        assert_eq!(follow(&folder.path().join("plain")), folder.path().join("plain"));
        symlink("round", folder.path().join("round")).expect("a link can be made");
        let _ = follow(&folder.path().join("round"));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_system_of_the_kernel_has_no_block_device() {
        if Path::new("/proc/self").exists() {
            assert!(!is_on_block_device(Path::new("/proc/self")));
        }
    }
}

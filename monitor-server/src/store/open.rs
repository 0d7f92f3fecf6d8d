//! The database that is meant.

use std::path::Path;
use std::sync::Arc;

use super::postgres::Postgres;
use super::sqlite::{self, Sqlite};
use super::{Store, StoreError};

/// Opens the database that `location` names: a `postgres://` URL, or a file, which is made if it is not there.
///
/// # Errors
///
/// If it can't be opened.
pub fn database(location: &str) -> Result<Arc<dyn Store>, StoreError> {
    open(location, Sqlite::open)
}

/// As [`database`], for a server: no other one may have the same file.
///
/// # Errors
///
/// As there, and if another server has it.
pub fn to_serve(location: &str) -> Result<Arc<dyn Store>, StoreError> {
    open(location, Sqlite::open_alone)
}

/// As [`database`], one that is there: who asks for what is in it has mistyped a name that is new.
///
/// # Errors
///
/// As there, and if there is no such file.
pub fn known(location: &str) -> Result<Arc<dyn Store>, StoreError> {
    open(location, |file| match file.exists() {
        true => Sqlite::open(file),
        false => {
            let advice = "there is no such database: name it by --database, or by MONITOR_DATABASE";
            Err(StoreError::Unfit(format!("{}: {advice}", file.display())))
        }
    })
}

/// What a server does last: the file alone then is the whole database, also for who only copies that.
///
/// # Errors
///
/// If it can't be opened.
pub fn leave(location: &str) -> Result<(), StoreError> {
    if location.contains("://") { Ok(()) } else { sqlite::empty_journal(Path::new(location)) }
}

/// The location as it may be shown: without what follows the scheme of a URL, where a password may be.
#[must_use]
pub fn shown(location: &str) -> &str {
    match location.split_once("://") {
        Some(_) => "PostgreSQL",
        None => location,
    }
}

fn open(location: &str, file: fn(&Path) -> Result<Sqlite, StoreError>) -> Result<Arc<dyn Store>, StoreError> {
    match location.split_once("://") {
        Some(("postgres" | "postgresql", _)) => Ok(Arc::new(Postgres::connect(location)?)),
        // SQLite takes these for databases that each connection has for itself.
        None if matches!(location, "" | ":memory:") => {
            Err(StoreError::Unfit(format!("the database {location:?} is no file: name one by --database")))
        }
        None => Ok(Arc::new(file(Path::new(location))?)),
        Some((scheme, _)) => {
            Err(StoreError::Unfit(format!("a database {scheme}:// is neither a file nor a postgres:// URL")))
        }
    }
}

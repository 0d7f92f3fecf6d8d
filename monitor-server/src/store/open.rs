//! The database that is meant.

use std::path::Path;
use std::sync::Arc;

use super::postgres::Postgres;
use super::sqlite::Sqlite;
use super::{Store, StoreError};

/// Opens the database that `location` names: a `postgres://` URL, or a file.
///
/// # Errors
///
/// If it can't be opened.
pub fn database(location: &str) -> Result<Arc<dyn Store>, StoreError> {
    match location.split_once("://") {
        Some(("postgres" | "postgresql", _)) => Ok(Arc::new(Postgres::connect(location)?)),
        Some(_) => Err(StoreError::Broken(format!("{location} is neither a file nor a postgres:// URL"))),
        None => Ok(Arc::new(Sqlite::open(Path::new(location))?)),
    }
}

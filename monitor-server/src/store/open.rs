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
    if location.starts_with("postgres://") || location.starts_with("postgresql://") {
        Ok(Arc::new(Postgres::connect(location)?))
    } else {
        Ok(Arc::new(Sqlite::open(Path::new(location))?))
    }
}

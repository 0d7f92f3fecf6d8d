//! What errors of PostgreSQL mean.

use postgres::error::SqlState;

use super::super::StoreError;

pub(super) fn explain(error: postgres::Error) -> StoreError {
    let Some(database) = error.as_db_error() else {
        let text = chain(&error);
        return match text.contains("invalid peer certificate") || text.contains("does not support TLS") {
            true => StoreError::Unfit(format!("{text}: see sslmode and sslrootcert in the chapter on operating it")),
            false => StoreError::Unavailable(text),
        };
    };
    let (code, text) = (database.code(), database.message().to_owned());
    match code {
        &SqlState::DISK_FULL => StoreError::Full(text),
        &SqlState::QUERY_CANCELED => StoreError::TooSlow,
        // Of two that stand in each other's way, of a server that starts, ends, or is no longer the one that writes.
        &SqlState::T_R_DEADLOCK_DETECTED
        | &SqlState::T_R_SERIALIZATION_FAILURE
        | &SqlState::READ_ONLY_SQL_TRANSACTION => StoreError::Unavailable(text),
        &SqlState::INSUFFICIENT_PRIVILEGE => {
            StoreError::Broken(format!("{text}: the user of monitor-server has to own the database"))
        }
        code if ["08", "53", "57"].iter().any(|class| code.code().starts_with(class)) => StoreError::Unavailable(text),
        _ => StoreError::Broken(text),
    }
}

pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

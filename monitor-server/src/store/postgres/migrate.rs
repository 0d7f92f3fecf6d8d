//! The schema, brought up to date by whichever server comes first.

use postgres::Client;

use super::super::StoreError;
use super::super::measures;
use super::failure::explain;

const MIGRATIONS: [&str; 7] = [
    include_str!("migrations/0001_initial.sql"),
    include_str!("migrations/0002_views.sql"),
    include_str!("migrations/0003_findings.sql"),
    include_str!("migrations/0004_tallies.sql"),
    include_str!("migrations/0005_messages.sql"),
    include_str!("migrations/0006_blocks.sql"),
    include_str!("migrations/0007_costs.sql"),
];
/// Any number, the same for every server: who brings the schema up to date keeps the others waiting.
const MIGRATION_LOCK: i64 = 0x6d6f_6e69_746f_7221;

pub(super) fn migrate(client: &mut Client) -> Result<(), StoreError> {
    let mut transaction = client.transaction().map_err(explain)?;
    let prepare = format!(
        "SELECT pg_advisory_xact_lock({MIGRATION_LOCK}); \
         CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)"
    );
    transaction.batch_execute(&prepare).map_err(explain)?;
    let rows = transaction.query_typed("SELECT coalesce(max(version), 0) FROM schema_version", &[]).map_err(explain)?;
    let version = rows.first().map_or(0, |row| row.get::<_, i64>(0));
    let version = usize::try_from(version).unwrap_or(usize::MAX);
    if version > MIGRATIONS.len() {
        let known = MIGRATIONS.len();
        let message = format!("its schema is of version {version}, and this monitor-server knows {known} at most");
        return Err(StoreError::Broken(message));
    }
    for migration in &MIGRATIONS[version..] {
        transaction.batch_execute(migration).map_err(explain)?;
    }
    if version < MIGRATIONS.len() {
        let done = format!("INSERT INTO schema_version VALUES ({})", MIGRATIONS.len());
        transaction.batch_execute(&done).map_err(explain)?;
    }
    let select = "SELECT attname::text FROM pg_attribute WHERE attrelid = 'profiles'::regclass AND attnum > 0";
    let rows = transaction.query_typed(select, &[]).map_err(explain)?;
    let columns: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    let add = measures::missing(&columns, ["BIGINT", "DOUBLE PRECISION"]);
    transaction.batch_execute(&add).map_err(explain)?;
    transaction.commit().map_err(explain)
}

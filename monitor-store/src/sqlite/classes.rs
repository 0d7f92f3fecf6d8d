//! Machine classes that an earlier version gave.

use rusqlite::{Connection, Result, params};

use crate::machine_class::{former_class, machine_class};
use crate::sqlite::cells::Cells;
use crate::sqlite::columns::{CLASS, CONTEXT, class, context};
use crate::sqlite::unfit::{self, Named};

/// Gives contexts that an earlier version classed the class that they have today, so that their history goes on.
pub(crate) fn renew(connection: &Connection) -> Result<()> {
    let sql = format!("SELECT {CONTEXT}, {CLASS} FROM EXECUTION_CONTEXTS c JOIN CONTEXT_CLASSES k USING (ENV_H)");
    let both = |cells: &mut Cells<'_, '_>| Ok((context(cells)?, class(cells)?));
    let (known, _) = unfit::fit(connection, Named::of("EXECUTION_CONTEXTS"), &sql, [], both)?;
    for (context, class) in known.iter().filter(|(context, class)| class.class_h == former_class(context, class)) {
        connection.execute(
            "UPDATE CONTEXT_CLASSES SET CLASS_H = ?2 WHERE ENV_H = ?1",
            params![context.env_h, machine_class(context, class, &[])],
        )?;
    }
    Ok(())
}

//! Machine classes that an earlier version gave.

use rusqlite::{Connection, Result, params};

use crate::machine_class::{former_class, machine_class};
use crate::rows::{ContextClass, ExecutionContext};

/// Gives contexts that an earlier version classed the class that they have today, so that their history goes on.
pub(crate) fn renew(connection: &Connection) -> Result<()> {
    let mut statement = connection.prepare(
        "SELECT ENV_H, CPU_VENDOR, CPU_COUNT, CPU_TYPE, SYSTEM_INFO, CLASS_H, RUSTC, TARGET, PROFILE, OPT_LEVEL \
         FROM EXECUTION_CONTEXTS JOIN CONTEXT_CLASSES USING (ENV_H)",
    )?;
    let known: Vec<(ExecutionContext, ContextClass)> = statement
        .query_map([], |row| {
            let context = ExecutionContext {
                env_h: row.get(0)?,
                cpu_vendor: row.get(1)?,
                cpu_count: row.get(2)?,
                cpu_type: row.get(3)?,
                system_info: row.get(4)?,
                ..ExecutionContext::default()
            };
            let class = ContextClass {
                env_h: row.get(0)?,
                class_h: row.get(5)?,
                rustc: row.get(6)?,
                target: row.get(7)?,
                profile: row.get(8)?,
                opt_level: row.get(9)?,
            };
            Ok((context, class))
        })?
        .collect::<Result<_>>()?;
    for (context, class) in known.iter().filter(|(context, class)| class.class_h == former_class(context, class)) {
        connection.execute(
            "UPDATE CONTEXT_CLASSES SET CLASS_H = ?2 WHERE ENV_H = ?1",
            params![context.env_h, machine_class(context, class, &[])],
        )?;
    }
    Ok(())
}

//! Sessions and contexts as they were described.

use postgres::Error;
use postgres::Transaction;
use postgres::types::{ToSql, Type};

use super::super::super::cells;
use super::super::super::digest::digest;
use super::super::super::rows::{Context, Session};

/// False if there is another session under its identifier.
pub(super) fn session(
    transaction: &mut Transaction<'_>,
    project: i64,
    label: i64,
    session: &Session,
    lockfile: Option<&str>,
) -> Result<bool, Error> {
    let (tags, facts) = (cells::tags_to(&session.tags), &session.facts);
    let (pipeline, build) = (session.tag("pipeline_branch"), session.tag("pipeline_build_no"));
    let lockfile = match lockfile {
        Some(content) => Some(self::lockfile(transaction, content)?),
        None => None,
    };
    let inserted = transaction.query_typed(
        "INSERT INTO sessions (project, label, run_date, scm_ref, tags, pipeline, build, received_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (label) DO NOTHING RETURNING id",
        &[
            (&project, Type::INT8),
            (&label, Type::INT8),
            (&session.run_date, Type::TEXT),
            (&session.scm_ref, Type::TEXT),
            (&tags, Type::TEXT),
            (&pipeline, Type::TEXT),
            (&build, Type::TEXT),
            (&facts.received_at, Type::TEXT),
        ],
    )?;
    if let Some(row) = inserted.first() {
        let id: i64 = row.get(0);
        let names: Vec<_> = session.tags.iter().map(|tag| tag.0.as_str()).collect();
        let values: Vec<_> = session.tags.iter().map(|tag| tag.1.as_deref()).collect();
        transaction.execute_typed(
            "INSERT INTO session_tags (session, position, name, value) \
             SELECT $1, w.position, w.name, w.value FROM unnest($2, $3) WITH ORDINALITY AS w (name, value, position)",
            &[(&id, Type::INT8), (&names, Type::TEXT_ARRAY), (&values, Type::TEXT_ARRAY)],
        )?;
    } else {
        let select = "SELECT run_date, scm_ref, tags FROM sessions WHERE label = $1 FOR UPDATE";
        let known = transaction.query_typed(select, &[(&label, Type::INT8)])?;
        let same = known.first().is_some_and(|row| {
            row.get::<_, &str>(0) == session.run_date
                && row.get::<_, Option<&str>>(1) == session.scm_ref.as_deref()
                && row.get::<_, &str>(2) == tags
        });
        if !same {
            return Ok(false);
        }
    }
    // What was said once stays; what was not said yet is added.
    transaction.execute_typed(
        "UPDATE sessions SET branch = coalesce(branch, $2), merge_base = coalesce(merge_base, $3), \
         pull_request = coalesce(pull_request, $4), ci_url = coalesce(ci_url, $5), ended_at = coalesce(ended_at, $6), \
         lockfile = coalesce(lockfile, $7) WHERE label = $1",
        &[
            (&label, Type::INT8),
            (&facts.branch, Type::TEXT),
            (&facts.merge_base, Type::TEXT),
            (&facts.pull_request, Type::TEXT),
            (&facts.ci_url, Type::TEXT),
            (&facts.ended_at, Type::TEXT),
            (&lockfile, Type::INT8),
        ],
    )?;
    Ok(true)
}

fn lockfile(transaction: &mut Transaction<'_>, content: &str) -> Result<i64, Error> {
    let hash = digest(&[content]).to_vec();
    transaction.execute_typed(
        "INSERT INTO lockfiles (hash, content) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        &[(&hash, Type::BYTEA), (&content, Type::TEXT)],
    )?;
    let rows = transaction.query_typed("SELECT id FROM lockfiles WHERE hash = $1", &[(&hash, Type::BYTEA)])?;
    Ok(rows.first().map_or(0, |row| row.get(0)))
}

pub(super) fn context(
    transaction: &mut Transaction<'_>,
    project: i64,
    label: i64,
    context: &Context,
) -> Result<(), Error> {
    let class = context.class.as_ref();
    let texts = [
        Some(&context.cpu_type),
        context.cpu_vendor.as_ref(),
        Some(&context.machine_node),
        Some(&context.machine_type),
        Some(&context.machine_arch),
        Some(&context.system_info),
        Some(&context.python_info),
        class.map(|class| &class.class_h),
        class.map(|class| &class.rustc),
        class.map(|class| &class.profile),
        class.map(|class| &class.opt_level),
        class.map(|class| &class.target),
    ];
    let mut values: Vec<(&(dyn ToSql + Sync), Type)> = vec![
        (&project, Type::INT8),
        (&label, Type::INT8),
        (&context.cpu_count, Type::INT8),
        (&context.cpu_frequency, Type::FLOAT8),
        (&context.ram_total, Type::INT8),
    ];
    values.extend(texts.iter().map(|text| (text as &(dyn ToSql + Sync), Type::TEXT)));
    let insert = "INSERT INTO contexts (project, label, cpu_count, cpu_frequency, ram_total, cpu_type, cpu_vendor, \
         machine_node, machine_type, machine_arch, system_info, python_info, class_h, rustc, profile, opt_level, target) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) ON CONFLICT (label) DO NOTHING";
    transaction.execute_typed(insert, &values)?;
    Ok(())
}

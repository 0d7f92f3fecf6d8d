//! Filters as SQL, for both databases: they differ in how they compare letters of either case.

use super::filter::{Count, Filter, Names, Order, Page};
use super::measures;
use super::message::Message;
use super::rows::Judged;
use super::value::Value;

/// How the database compares without regard to the case of ASCII letters.
#[derive(Clone, Copy, Debug)]
pub(super) enum Dialect {
    Sqlite,
    Postgres,
}

/// A statement that grows.
#[derive(Debug)]
pub(super) struct Sql {
    pub(super) text: String,
    pub(super) values: Vec<Value>,
    pub(super) dialect: Dialect,
}

/// Labels in a block: see the migration that makes `test_blocks`.
pub(super) const BLOCK: i64 = 64;

/// Of `sessions s`, in the order in which the backends read them.
const SESSION: &str = "l.h, s.run_date, s.scm_ref, s.tags, s.branch, s.merge_base, s.pull_request, s.ci_url, \
     s.received_at, s.ended_at, \
     (SELECT c.h FROM labels c WHERE c.id = \
     (SELECT r.context FROM tallies r WHERE r.project = s.project AND r.session = s.label LIMIT 1)), \
     (SELECT CAST(sum(r.runs) AS BIGINT) FROM tallies r WHERE r.project = s.project AND r.session = s.label), \
     (SELECT CAST(sum(r.finished) AS BIGINT) FROM tallies r WHERE r.project = s.project AND r.session = s.label), \
     s.verdict";

/// Of `contexts c`.
const CONTEXT: &str = "l.h, c.cpu_count, c.cpu_frequency, c.cpu_type, c.cpu_vendor, c.ram_total, c.machine_node, \
     c.machine_type, c.machine_arch, c.system_info, c.python_info, c.class_h, c.rustc, c.profile, c.opt_level, c.target";

/// Of `runs r`, `tests t`, the labels of session and context, and `profiles p`.
const RUN: &str = "s.h, c.h, r.start, r.nth, t.path, t.item, t.variant, t.fs_loc, t.kind, t.component, t.package, \
     t.\"binary\", r.total_time, r.user_time, r.kernel_time, r.cpu_usage, r.mem_usage, p.attempt, p.outcome, \
     p.attribution, p.mem_source";

/// `profiles p`, of `runs r`. PostgreSQL would rather read all profiles there are than look for those of a session one by one, if it
/// were free to.
const fn profiles(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => " LEFT JOIN profiles p ON p.run = r.id",
        Dialect::Postgres => " LEFT JOIN LATERAL (SELECT * FROM profiles f WHERE f.run = r.id LIMIT 1) p ON TRUE",
    }
}

/// Of `findings`.
const FINDING: &str = "id, package, \"binary\", path, variant, metric, branch, before_value, after_value, found_in, \
     found_at, state, until, fixed_in";

impl Sql {
    fn new(dialect: Dialect, text: &str) -> Self {
        Self { text: text.to_owned(), values: Vec::new(), dialect }
    }

    pub(super) fn contexts(dialect: Dialect, filter: &Filter, page: Page) -> Self {
        let mut sql = Self::new(dialect, &format!("SELECT {CONTEXT} FROM contexts c JOIN labels l ON l.id = c.label"));
        sql.context_conditions(filter);
        sql.push(" ORDER BY c.id");
        sql.page(page);
        sql
    }

    pub(super) fn sessions(dialect: Dialect, filter: &Filter, page: Page) -> Self {
        let mut sql = Self::new(dialect, &format!("SELECT {SESSION} FROM sessions s JOIN labels l ON l.id = s.label"));
        sql.session_conditions(filter);
        sql.push(" ORDER BY s.id");
        sql.page(page);
        sql
    }

    /// The page is cut from an index, where one has the rows in their order; only its rows are looked up.
    pub(super) fn runs(dialect: Dialect, filter: &Filter, page: Page) -> Self {
        let measures = measures::columns("p.");
        let costs = if filter.costs { ", f.functions" } else { "" };
        let mut sql =
            Self::new(dialect, &format!("SELECT {RUN}{measures}{costs} FROM (SELECT r.project, r.id FROM runs r"));
        sql.run_conditions(filter);
        let order = match filter.order {
            Order::Insertion => "r.id".to_owned(),
            Order::Highest(resource) => format!("r.{} DESC, r.id", resource.column()),
            Order::Lowest(resource) => format!("r.{}, r.id", resource.column()),
        };
        sql.push(&format!(" ORDER BY {order}"));
        sql.page(page);
        sql.push(
            ") page JOIN runs r ON r.project = page.project AND r.id = page.id JOIN tests t ON t.id = r.test JOIN labels s ON s.id = r.session JOIN labels c ON c.id = r.context",
        );
        sql.push(profiles(dialect));
        if filter.costs {
            sql.push(" LEFT JOIN costs f ON f.run = r.id");
        }
        sql.push(&format!(" ORDER BY {order}"));
        sql
    }

    pub(super) fn count(dialect: Dialect, what: Count, filter: &Filter) -> Self {
        match what {
            Count::Contexts => {
                let mut sql = Self::new(dialect, "SELECT count(*) FROM contexts c JOIN labels l ON l.id = c.label");
                sql.context_conditions(filter);
                sql
            }
            Count::Sessions => {
                let mut sql = Self::new(dialect, "SELECT count(*) FROM sessions s JOIN labels l ON l.id = s.label");
                sql.session_conditions(filter);
                sql
            }
            Count::Runs if filter.names_tests() || !filter.tests.is_empty() => {
                let mut sql = Self::new(dialect, "SELECT count(*) FROM runs r");
                sql.run_conditions(filter);
                sql
            }
            Count::Runs => {
                let of = if filter.unfinished { "runs" } else { "finished" };
                let mut sql =
                    Self::new(dialect, &format!("SELECT CAST(coalesce(sum(r.{of}), 0) AS BIGINT) FROM tallies r"));
                sql.in_project("r", filter);
                sql.run_labels(filter);
                sql.text_is("r.kind", filter.kind.as_ref());
                sql.text_is("r.component", filter.component.as_ref());
                sql
            }
        }
    }

    pub(super) fn names(dialect: Dialect, what: Names, filter: &Filter) -> Self {
        let of_sessions = |column: &str| {
            let mut sql =
                Self::new(dialect, &format!("SELECT {column} FROM sessions s JOIN labels l ON l.id = s.label"));
            sql.session_conditions(filter);
            sql.push(&format!(" AND {column} <> '' GROUP BY {column} ORDER BY min(s.id)"));
            sql
        };
        match what {
            Names::Projects => Self::new(dialect, "SELECT name FROM projects ORDER BY id"),
            Names::Pipelines => of_sessions("s.pipeline"),
            Names::Builds => of_sessions("s.build"),
            Names::Sessions => of_sessions("l.h"),
            Names::Components => {
                let mut sql = Self::new(dialect, "SELECT t.component FROM tests t");
                sql.in_project("t", filter);
                sql.text_is("t.component", filter.component.as_ref());
                sql.push(" GROUP BY t.component ORDER BY min(t.id)");
                sql
            }
        }
    }

    pub(super) fn lockfile(dialect: Dialect, project: &str, session_h: &str) -> Self {
        let mut sql = Self::new(
            dialect,
            "SELECT f.content FROM lockfiles f JOIN sessions s ON s.lockfile = f.id JOIN labels l ON l.id = s.label",
        );
        sql.in_project("s", &Filter::project(project));
        sql.equals("l.h", Some(session_h));
        sql
    }

    pub(super) fn findings(dialect: Dialect, project: &str) -> Self {
        let mut sql = Self::new(dialect, &format!("SELECT {FINDING} FROM findings f"));
        sql.in_project("f", &Filter::project(project));
        sql.push(" ORDER BY found_at, id");
        sql
    }

    /// What [`super::figures`] reads of a session's runs, and then `columns`.
    pub(super) fn figures(dialect: Dialect, project: &str, session_h: &str, columns: &str) -> Self {
        let mut sql = Self::new(
            dialect,
            &format!(
                "SELECT r.test, r.context, r.start, CASE WHEN r.total_time IS NULL THEN 0 ELSE 1 END, \
                 CASE WHEN p.run IS NULL THEN 0 ELSE 1 END, CASE WHEN coalesce(p.outcome, 'passed') = 'passed' THEN 1 ELSE 0 END, \
                 p.attribution, p.mem_source, p.threads{columns} FROM runs r{} WHERE r.session = (SELECT l.id FROM labels l",
                profiles(dialect)
            ),
        );
        sql.in_project("l", &Filter::project(project));
        sql.equals("l.h", Some(session_h));
        sql.push(") ORDER BY r.key, r.start, r.nth");
        sql
    }

    /// How many runs a session has, and how many of them ended.
    pub(super) fn tally(dialect: Dialect, project: &str, session_h: &str) -> Self {
        let select = "SELECT CAST(coalesce(sum(r.runs), 0) AS BIGINT), CAST(coalesce(sum(r.finished), 0) AS BIGINT), \
             max(s.received_at) FROM tallies r LEFT JOIN sessions s ON s.label = r.session";
        let mut sql = Self::new(dialect, select);
        let filter = Filter::session(project, session_h);
        sql.in_project("r", &filter);
        sql.run_labels(&filter);
        sql
    }

    /// The numbers of tests, and what names them.
    pub(super) fn tests(dialect: Dialect, project: &str) -> Self {
        let mut sql =
            Self::new(dialect, "SELECT t.id, t.kind, t.package, t.\"binary\", t.path, t.variant FROM tests t");
        sql.in_project("t", &Filter::project(project));
        sql
    }

    /// The numbers of contexts, and their machine classes; where one is unknown, the context.
    pub(super) fn machines(dialect: Dialect, project: &str) -> Self {
        let select = "SELECT c.label, coalesce(c.class_h, l.h) FROM contexts c JOIN labels l ON l.id = c.label";
        let mut sql = Self::new(dialect, select);
        sql.in_project("c", &Filter::project(project));
        sql
    }

    /// Stores the values of a finding, or, if it is there, what became of it.
    pub(super) fn keep(dialect: Dialect, project: i64, finding: Vec<Value>) -> Self {
        let mut sql = Self::new(dialect, &format!("INSERT INTO findings (project, {FINDING}) VALUES ("));
        sql.bind(Value::Integer(project));
        for value in finding {
            sql.push(", ");
            sql.bind(value);
        }
        sql.push(
            ") ON CONFLICT (project, id) DO UPDATE SET state = excluded.state, until = excluded.until, \
             fixed_in = excluded.fixed_in",
        );
        sql
    }

    /// Stores the verdict on a session.
    pub(super) fn judged(dialect: Dialect, project: i64, judged: &Judged) -> Self {
        let mut sql = Self::new(dialect, "UPDATE sessions SET verdict = ");
        sql.bind(Value::text(&judged.verdict));
        sql.push(" WHERE label = (SELECT id FROM labels WHERE project = ");
        sql.bind(Value::Integer(project));
        sql.equals("h", Some(&judged.session_h));
        sql.push(")");
        sql
    }

    /// Stores a message that is new, or what became of one.
    pub(super) fn message(dialect: Dialect, message: &Message) -> Self {
        let mut sql = Self::new(dialect, "INSERT INTO messages (id, project, body, attempts, due) VALUES (");
        for (place, value) in message.values().into_iter().enumerate() {
            sql.push(if place > 0 { ", CAST(" } else { "CAST(" });
            let kind = if place < 3 { " AS TEXT)" } else { " AS BIGINT)" };
            sql.bind(value);
            sql.push(kind);
        }
        // A new one under the name of one that is there says the same.
        sql.push(
            ") ON CONFLICT (id) DO UPDATE SET attempts = excluded.attempts, due = excluded.due, body = excluded.body \
             WHERE excluded.attempts > messages.attempts OR excluded.due IS NULL",
        );
        sql
    }

    /// Messages that are due.
    pub(super) fn messages(dialect: Dialect, now: i64) -> Self {
        let mut sql = Self::new(dialect, "SELECT id, project, body, attempts, due FROM messages WHERE due <= ");
        sql.bind(Value::Integer(now));
        sql.push(" ORDER BY due, id LIMIT 100");
        sql
    }

    pub(super) fn tokens(dialect: Dialect) -> Self {
        Self::new(dialect, "SELECT name, hash, access, project, expires_at FROM tokens ORDER BY id")
    }

    pub(super) fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    pub(super) fn bind(&mut self, value: Value) {
        self.values.push(value);
        self.text.push_str(&format!("${}", self.values.len()));
    }

    fn page(&mut self, page: Page) {
        let integer = |number: u64| Value::Integer(i64::try_from(number).unwrap_or(i64::MAX));
        self.push(" LIMIT ");
        self.bind(integer(page.limit));
        self.push(" OFFSET ");
        self.bind(integer(page.offset));
    }
}

/// Deletes what no session and no run refers to any more, after sessions were deleted. Their tests are in the table `going`, and
/// looked up in the blocks that have them: a look at all runs would keep those who write waiting.
pub(super) fn sweep() -> String {
    let of = |block: &str| {
        format!("l.id BETWEEN {block} * {BLOCK} AND {block} * {BLOCK} + {BLOCK} - 1 AND r.session = l.id")
    };
    // Neither database takes a scalar for a join, nor goes about a cross join in another order.
    format!(
        "DELETE FROM test_blocks WHERE (key, block) IN (SELECT key, block FROM going) AND \
         (SELECT 1 FROM labels l CROSS JOIN runs r WHERE {} AND r.key = test_blocks.key LIMIT 1) IS NULL; \
         DELETE FROM tests WHERE id IN (SELECT test FROM going) AND \
         (SELECT 1 FROM test_blocks b CROSS JOIN labels l CROSS JOIN runs r WHERE b.key = tests.key AND {} \
         AND r.key = b.key AND r.test = tests.id LIMIT 1) IS NULL; \
         DELETE FROM lockfiles WHERE id NOT IN (SELECT lockfile FROM sessions WHERE lockfile IS NOT NULL); \
         DELETE FROM labels WHERE id NOT IN (SELECT session FROM tallies UNION SELECT context FROM tallies \
         UNION SELECT label FROM sessions UNION SELECT label FROM contexts)",
        of("test_blocks.block"),
        of("b.block")
    )
}

//! Filters as SQL, for both databases: they differ in how they compare letters of either case.

use super::filter::{Count, Filter, Names, Order, Page, column};
use super::measures;
use super::message::Message;
use super::rows::{Class, Context, Facts, Judged, Session, Token};
use super::value::Value;

/// How the database compares without regard to the case of ASCII letters.
#[derive(Clone, Copy, Debug)]
pub enum Dialect {
    /// That of SQLite.
    Sqlite,
    /// That of PostgreSQL.
    Postgres,
}

/// A statement that grows.
#[derive(Debug)]
pub struct Sql {
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
            Order::Highest(resource) => format!("r.{} DESC, r.id", column(resource)),
            Order::Lowest(resource) => format!("r.{}, r.id", column(resource)),
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
        let select =
            "SELECT f.content FROM lockfiles f JOIN sessions s ON s.lockfile = f.id JOIN labels l ON l.id = s.label";
        let mut sql = Self::of_project(dialect, select, "s", project);
        sql.equals("l.h", Some(session_h));
        sql
    }

    pub(super) fn findings(dialect: Dialect, project: &str) -> Self {
        let mut sql = Self::of_project(dialect, &format!("SELECT {FINDING} FROM findings f"), "f", project);
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
        let select = "SELECT t.id, t.kind, t.package, t.\"binary\", t.path, t.variant FROM tests t";
        Self::of_project(dialect, select, "t", project)
    }

    /// The numbers of contexts, and their machine classes; where one is unknown, the context.
    pub(super) fn machines(dialect: Dialect, project: &str) -> Self {
        let select = "SELECT c.label, coalesce(c.class_h, l.h) FROM contexts c JOIN labels l ON l.id = c.label";
        Self::of_project(dialect, select, "c", project)
    }

    /// Stores the values of a finding, or, if it is there, what became of it.
    pub(super) fn keep(dialect: Dialect, project: i64, finding: Vec<Value>) -> Self {
        let values = std::iter::once(Value::Integer(project)).chain(finding);
        let mut sql = Self::insert(dialect, &format!("findings (project, {FINDING})"), values);
        sql.push(
            " ON CONFLICT (project, id) DO UPDATE SET state = excluded.state, until = excluded.until, \
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
        let mut sql = Self::insert(dialect, "messages (id, project, body, attempts, due)", message.values());
        // A new one under the name of one that is there says the same.
        sql.push(
            " ON CONFLICT (id) DO UPDATE SET attempts = excluded.attempts, due = excluded.due, body = excluded.body \
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

    /// Adds a token, or deletes the one of that name.
    pub(super) fn set_token(dialect: Dialect, name: &str, token: Option<&Token>) -> Self {
        let Some(token) = token else {
            let mut sql = Self::new(dialect, "DELETE FROM tokens WHERE name = ");
            sql.bind(Value::text(name));
            return sql;
        };
        let values = [
            Value::text(name),
            Value::Bytes(token.hash.clone()),
            Value::text(token.access.as_str()),
            Value::maybe(token.project.as_deref()),
            token.expires_at.map_or(Value::Null, Value::Integer),
        ];
        Self::insert(dialect, "tokens (name, hash, access, project, expires_at)", values)
    }

    /// Stores a context; one that is there stays as it is.
    pub(super) fn context(dialect: Dialect, project: i64, label: i64, context: &Context) -> Self {
        let class = context.class.as_ref();
        let of_class = |text: fn(&Class) -> &String| Value::maybe(class.map(|class| text(class).as_str()));
        let values = [
            Value::Integer(project),
            Value::Integer(label),
            Value::Integer(context.cpu_count),
            Value::Real(context.cpu_frequency),
            Value::text(&context.cpu_type),
            Value::maybe(context.cpu_vendor.as_deref()),
            Value::Integer(context.ram_total),
            Value::text(&context.machine_node),
            Value::text(&context.machine_type),
            Value::text(&context.machine_arch),
            Value::text(&context.system_info),
            Value::text(&context.python_info),
            of_class(|class| &class.class_h),
            of_class(|class| &class.rustc),
            of_class(|class| &class.profile),
            of_class(|class| &class.opt_level),
            of_class(|class| &class.target),
        ];
        let table = "contexts (project, label, cpu_count, cpu_frequency, cpu_type, cpu_vendor, ram_total, machine_node, \
             machine_type, machine_arch, system_info, python_info, class_h, rustc, profile, opt_level, target)";
        let mut sql = Self::insert(dialect, table, values);
        sql.push(" ON CONFLICT (label) DO NOTHING");
        sql
    }

    /// Stores a session that is not there; its number then.
    pub(super) fn session(dialect: Dialect, project: i64, label: i64, session: &Session, tags: &str) -> Self {
        let values = [
            Value::Integer(project),
            Value::Integer(label),
            Value::text(&session.run_date),
            Value::maybe(session.scm_ref.as_deref()),
            Value::text(tags),
            Value::maybe(session.tag("pipeline_branch")),
            Value::maybe(session.tag("pipeline_build_no")),
            Value::text(&session.facts.received_at),
        ];
        let table = "sessions (project, label, run_date, scm_ref, tags, pipeline, build, received_at)";
        let mut sql = Self::insert(dialect, table, values);
        sql.push(" ON CONFLICT (label) DO NOTHING RETURNING id");
        sql
    }

    /// What a session may not be sent again with another of. PostgreSQL holds it until the transaction ends.
    /// The numbers of a session and of its identifier.
    pub(super) fn numbers_of_session(dialect: Dialect, project: &str, session_h: &str) -> Self {
        let select = "SELECT s.id, s.label FROM sessions s JOIN labels l ON l.id = s.label";
        let mut sql = Self::of_project(dialect, select, "s", project);
        sql.equals("l.h", Some(session_h));
        sql
    }

    /// A statement about a number, `$1`.
    pub(super) fn of_number(dialect: Dialect, statement: &str, number: i64) -> Self {
        Self { values: vec![Value::Integer(number)], ..Self::new(dialect, statement) }
    }

    pub(super) fn known_session(dialect: Dialect, label: i64) -> Self {
        let mut sql = Self::new(dialect, "SELECT run_date, scm_ref, tags FROM sessions WHERE label = ");
        sql.bind(Value::Integer(label));
        if let Dialect::Postgres = dialect {
            sql.push(" FOR UPDATE");
        }
        sql
    }

    /// Stores tags of a session, of which the first stands at a position.
    pub(super) fn tags(dialect: Dialect, session: i64, first: usize, tags: &[(String, Option<String>)]) -> Self {
        let mut sql = Self::new(dialect, "INSERT INTO session_tags (session, position, name, value) VALUES ");
        for (place, (name, value)) in tags.iter().enumerate() {
            let position = Value::Integer(i64::try_from(first + place).unwrap_or(i64::MAX));
            sql.push(if place > 0 { ", " } else { "" });
            sql.row([Value::Integer(session), position, Value::text(name), Value::maybe(value.as_deref())]);
        }
        sql
    }

    /// Adds to a session what was not said of it yet.
    pub(super) fn facts(dialect: Dialect, label: i64, facts: &Facts, lockfile: Option<i64>) -> Self {
        let values = [
            ("branch", Value::maybe(facts.branch.as_deref())),
            ("merge_base", Value::maybe(facts.merge_base.as_deref())),
            ("pull_request", Value::maybe(facts.pull_request.as_deref())),
            ("ci_url", Value::maybe(facts.ci_url.as_deref())),
            ("ended_at", Value::maybe(facts.ended_at.as_deref())),
            ("lockfile", lockfile.map_or(Value::Null, Value::Integer)),
        ];
        let mut sql = Self::new(dialect, "UPDATE sessions SET ");
        for (place, (column, value)) in values.into_iter().enumerate() {
            let comma = if place > 0 { ", " } else { "" };
            sql.push(&format!("{comma}{column} = coalesce({column}, "));
            sql.bind(value);
            sql.push(")");
        }
        sql.push(" WHERE label = ");
        sql.bind(Value::Integer(label));
        sql
    }

    /// Stores a lock file that is not there.
    pub(super) fn new_lockfile(dialect: Dialect, hash: [u8; 32], content: &str) -> Self {
        let values = [Value::Bytes(hash.to_vec()), Value::text(content)];
        let mut sql = Self::insert(dialect, "lockfiles (hash, content)", values);
        sql.push(" ON CONFLICT DO NOTHING");
        sql
    }

    /// The number of a lock file.
    pub(super) fn number_of_lockfile(dialect: Dialect, hash: [u8; 32]) -> Self {
        let mut sql = Self::new(dialect, "SELECT id FROM lockfiles WHERE hash = ");
        sql.bind(Value::Bytes(hash.to_vec()));
        sql
    }

    /// What a table has of a project.
    fn of_project(dialect: Dialect, select: &str, table: &str, project: &str) -> Self {
        let mut sql = Self::new(dialect, select);
        sql.in_project(table, &Filter::project(project));
        sql
    }

    fn insert(dialect: Dialect, table: &str, values: impl IntoIterator<Item = Value>) -> Self {
        let mut sql = Self::new(dialect, &format!("INSERT INTO {table} VALUES "));
        sql.row(values);
        sql
    }

    fn row(&mut self, values: impl IntoIterator<Item = Value>) {
        for (place, value) in values.into_iter().enumerate() {
            self.push(if place > 0 { ", " } else { "(" });
            self.bind(value);
        }
        self.push(")");
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

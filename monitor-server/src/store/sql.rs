//! Filters as SQL, for both databases: they differ in how they compare letters of either case.

use sha2::{Digest as _, Sha256};

use super::filter::{Count, Filter, Names, Order, Page, Text};
use super::measures;
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
    dialect: Dialect,
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
        let mut sql = Self::new(dialect, &format!("SELECT {RUN}{measures} FROM (SELECT r.id FROM runs r"));
        sql.run_conditions(filter);
        let order = match filter.order {
            Order::Insertion => "r.id".to_owned(),
            Order::Highest(resource) => format!("r.{} DESC, r.id", resource.column()),
            Order::Lowest(resource) => format!("r.{}, r.id", resource.column()),
        };
        sql.push(&format!(" ORDER BY {order}"));
        sql.page(page);
        sql.push(
            ") page JOIN runs r ON r.id = page.id JOIN tests t ON t.id = r.test JOIN labels s ON s.id = r.session JOIN labels c ON c.id = r.context \
             LEFT JOIN profiles p ON p.run = r.id",
        );
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
            Count::Runs if filter.names_tests() => {
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
                 p.attribution, p.mem_source, p.threads{columns} \
                 FROM runs r LEFT JOIN profiles p ON p.run = r.id WHERE r.session = (SELECT l.id FROM labels l"
            ),
        );
        sql.in_project("l", &Filter::project(project));
        sql.equals("l.h", Some(session_h));
        sql.push(") ORDER BY r.key, r.start, r.nth");
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

    pub(super) fn tokens(dialect: Dialect) -> Self {
        Self::new(dialect, "SELECT name, hash, access, project, expires_at FROM tokens ORDER BY id")
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn bind(&mut self, value: Value) {
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

    fn in_project(&mut self, table: &str, filter: &Filter) {
        self.push(&format!(" WHERE {table}.project = (SELECT id FROM projects WHERE name = "));
        self.bind(Value::Text(filter.project.clone()));
        self.push(")");
    }

    fn context_conditions(&mut self, filter: &Filter) {
        self.in_project("c", filter);
        self.text_is("l.h", filter.context.as_ref());
    }

    fn session_conditions(&mut self, filter: &Filter) {
        self.in_project("s", filter);
        self.text_is("l.h", filter.session.as_ref());
        self.session_facts(filter);
        if let Some(component) = &filter.component {
            self.push(" AND s.label IN (SELECT r.session FROM tallies r");
            self.in_project("r", filter);
            self.text_is("r.component", Some(component));
            self.push(")");
        }
    }

    /// Conditions on `s` that a run's session must hold too.
    fn session_facts(&mut self, filter: &Filter) {
        self.text_is("s.scm_ref", filter.revision.as_ref());
        self.equals("s.pipeline", filter.pipeline.as_deref());
        self.equals("s.build", filter.build.as_deref());
        if filter.open {
            self.push(" AND s.ended_at IS NULL");
        }
        if filter.tags.is_empty() {
            return;
        }
        self.push(" AND (");
        for (index, tag) in filter.tags.iter().enumerate() {
            if index > 0 {
                self.push(if filter.any_tag { " OR " } else { " AND " });
            }
            self.push("EXISTS (SELECT 1 FROM session_tags g WHERE g.session = s.id");
            self.equals("g.name", Some(&tag.name));
            match &tag.value {
                Some(value) => self.equals("g.value", Some(value)),
                None => self.push(" AND g.value <> ''"),
            }
            self.push(")");
        }
        self.push(")");
    }

    fn run_conditions(&mut self, filter: &Filter) {
        self.in_project(self.runs_by(filter), filter);
        if !filter.unfinished {
            // As the index of a project's runs has it.
            self.push(match self.dialect {
                Dialect::Sqlite => " AND r.finished = 1",
                Dialect::Postgres => " AND r.total_time IS NOT NULL",
            });
        }
        if let Order::Highest(resource) | Order::Lowest(resource) = filter.order {
            self.push(&format!(" AND r.{} IS NOT NULL", resource.column()));
        }
        self.run_labels(filter);
        if !filter.names_tests() && filter.kind.is_none() && filter.component.is_none() {
            return;
        }
        self.push(" AND r.test IN (SELECT t.id FROM tests t");
        self.test_conditions(filter);
        self.push(")");
        // What names a test is found by its key, which indexes hold.
        if filter.is_of_tests() {
            self.push(" AND r.key IN (");
            self.keys(filter);
            self.push(")");
            if matches!(self.dialect, Dialect::Sqlite) {
                self.push(&format!(
                    " AND r.session IN (SELECT l.id FROM test_blocks b \
                     JOIN labels l ON l.id BETWEEN b.block * {BLOCK} AND b.block * {BLOCK} + {BLOCK} - 1 WHERE b.key IN ("
                ));
                self.keys(filter);
                self.push("))");
            }
        }
    }

    /// The runs' table as it is named in the condition on the project. SQLite keeps no account of how many rows a project
    /// has, and takes the index of that if it may: a sign before the column forbids it where another index finds fewer rows.
    fn runs_by(&self, filter: &Filter) -> &'static str {
        let is_few = filter.is_of_tests() || matches!(filter.session, Some(Text::Is(_)));
        if is_few && matches!(self.dialect, Dialect::Sqlite) { "+r" } else { "r" }
    }

    /// Conditions on the session and the context of `r`, whose numbers runs and tallies have.
    fn run_labels(&mut self, filter: &Filter) {
        for (column, label) in [("r.session", &filter.session), ("r.context", &filter.context)] {
            if label.is_some() {
                self.push(&format!(" AND {column} IN (SELECT l.id FROM labels l"));
                self.in_project("l", filter);
                self.text_is("l.h", label.as_ref());
                self.push(")");
            }
        }
        if filter.revision.is_some() || filter.pipeline.is_some() || filter.build.is_some() || !filter.tags.is_empty() {
            self.push(" AND r.session IN (SELECT s.label FROM sessions s");
            self.in_project("s", filter);
            self.session_facts(filter);
            self.push(")");
        }
    }

    fn keys(&mut self, filter: &Filter) {
        if let (Some(Text::Is(path)), Some(Text::Is(variant))) = (&filter.path, &filter.variant) {
            return self.bind(Value::Integer(key(path, variant)));
        }
        self.push("SELECT t.key FROM tests t");
        self.test_conditions(filter);
    }

    fn test_conditions(&mut self, filter: &Filter) {
        self.in_project("t", filter);
        self.text_is("t.path", filter.path.as_ref());
        self.text_is("t.item", filter.item.as_ref());
        self.text_is("t.variant", filter.variant.as_ref());
        self.text_is("t.kind", filter.kind.as_ref());
        self.text_is("t.component", filter.component.as_ref());
    }

    fn equals(&mut self, column: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.push(&format!(" AND {column} = "));
            self.bind(Value::Text(value.to_owned()));
        }
    }

    fn text_is(&mut self, column: &str, text: Option<&Text>) {
        let escaped = |text: &str| text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        let pattern = match text {
            None => return,
            Some(Text::Is(value)) => return self.equals(column, Some(value)),
            Some(Text::StartsWith(prefix)) => format!("{}%", escaped(prefix)),
            Some(Text::Contains(part)) => format!("%{}%", escaped(part)),
            Some(Text::Like(pattern)) => pattern.replace('\\', "\\\\").replace('_', "\\_"),
        };
        match self.dialect {
            Dialect::Sqlite => {
                self.push(&format!(" AND {column} LIKE "));
                self.bind(Value::Text(pattern));
            }
            Dialect::Postgres => {
                self.push(&format!(" AND lower({column} COLLATE \"C\") LIKE "));
                self.bind(Value::Text(pattern.to_ascii_lowercase()));
            }
        }
        self.push(" ESCAPE '\\'");
    }
}

/// Deletes what no session and no run refers to any more.
pub(super) const SWEEP: &str = "\
    DELETE FROM tests WHERE id NOT IN (SELECT DISTINCT test FROM runs);
    DELETE FROM lockfiles WHERE id NOT IN (SELECT lockfile FROM sessions WHERE lockfile IS NOT NULL);
    DELETE FROM labels WHERE id NOT IN (SELECT session FROM runs UNION SELECT context FROM runs \
        UNION SELECT label FROM sessions UNION SELECT label FROM contexts);";

/// Number of a test's path and variant, by which its runs are found in every session.
pub(super) fn key(path: &str, variant: &str) -> i64 {
    i64::from_be_bytes(digest(&[path, variant])[..8].try_into().unwrap_or_default())
}

/// Hash of texts, the same only for the same texts one after the other.
pub(crate) fn digest(texts: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    }
    hash.finalize().into()
}

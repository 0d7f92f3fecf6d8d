//! Filters as conditions in SQL.

use super::digest::key;
use super::filter::{Filter, Order, Text, column};
use super::sql::{BLOCK, Dialect, Sql};
use super::value::Value;

impl Sql {
    pub(super) fn in_project(&mut self, table: &str, filter: &Filter) {
        self.push(&format!(" WHERE {table}.project = (SELECT id FROM projects WHERE name = "));
        self.bind(Value::Text(filter.project.clone()));
        self.push(")");
    }

    pub(super) fn context_conditions(&mut self, filter: &Filter) {
        self.in_project("c", filter);
        self.text_is("l.h", filter.context.as_ref());
    }

    pub(super) fn session_conditions(&mut self, filter: &Filter) {
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

    pub(super) fn run_conditions(&mut self, filter: &Filter) {
        self.in_project(Self::runs_by(filter), filter);
        if !filter.unfinished {
            // As the index of a project's runs has it.
            self.push(match self.dialect {
                Dialect::Sqlite => " AND r.finished = 1",
                Dialect::Postgres => " AND r.total_time IS NOT NULL",
            });
        }
        if let Order::Highest(resource) | Order::Lowest(resource) = filter.order {
            self.push(&format!(" AND r.{} IS NOT NULL", column(resource)));
        }
        self.run_labels(filter);
        if !filter.tests.is_empty() {
            let keys: Vec<_> = filter.tests.iter().map(|(path, variant)| key(path, variant).to_string()).collect();
            self.push(&format!(" AND r.key IN ({})", keys.join(", ")));
        }
        if filter.failed {
            self.push(" AND r.id IN (SELECT p.run FROM profiles p WHERE p.outcome <> 'passed')");
        }
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
            self.push(&format!(
                " AND r.session IN (SELECT l.id FROM test_blocks b \
                 JOIN labels l ON l.id BETWEEN b.block * {BLOCK} AND b.block * {BLOCK} + {BLOCK} - 1 WHERE b.key IN ("
            ));
            self.keys(filter);
            self.push("))");
        }
    }

    /// The runs' table as it is named in the condition on the project. SQLite keeps no account of how many rows a project
    /// has, and PostgreSQL takes a session's rows for spread over all: both take the project's index, in whose order rows are
    /// wanted, if they may. A sign before the column forbids it where another index finds fewer rows.
    fn runs_by(filter: &Filter) -> &'static str {
        let is_few = filter.is_of_tests() || matches!(filter.session, Some(Text::Is(_)));
        if is_few { "+r" } else { "r" }
    }

    /// Conditions on the session and the context of `r`, whose numbers runs and tallies have.
    pub(super) fn run_labels(&mut self, filter: &Filter) {
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

    pub(super) fn equals(&mut self, column: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.push(&format!(" AND {column} = "));
            self.bind(Value::Text(value.to_owned()));
        }
    }

    pub(super) fn text_is(&mut self, column: &str, text: Option<&Text>) {
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

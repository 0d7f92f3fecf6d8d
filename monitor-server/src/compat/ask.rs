//! A request for a listing: whose, which page of it, and links that keep what else was asked.

use std::collections::HashMap;

use axum::extract::{FromRequest, FromRequestParts as _, RawPathParams, Request};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{MethodRouter, get};
use serde_json::{Map, Value, json};

use super::mask::Mask;
use super::page::{Place, Wanted};
use super::{entity, render, submission};
use crate::address::Address;
use crate::error::Problem;
use crate::query::parameters;
use crate::state::State;
use crate::store::{Count, Filter, Names, Store, Text};

/// What handlers give back.
pub type Reply = Result<Response, Problem>;

/// A request for rows of a project.
#[derive(Debug)]
pub struct Ask {
    state: State,
    address: Address,
    /// What the parts of the path are, by their names in the router.
    path: Vec<(String, String)>,
    page: Wanted,
    mask: Option<Mask>,
    query: String,
    /// The rows of the project that belong to all that the path names, unless a handler wants others.
    pub filter: Filter,
}

/// Reads the rows of a page in JSON.
type Read = fn(&dyn Store, &Filter, Place) -> Result<Vec<Value>, Problem>;

/// How a listing says what it has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// No links where there is no page, 204 if there is nothing.
    Plain,
    /// `null`, and 200. It says first what its path names.
    NullLinks,
}

/// The route that says how many there are.
pub fn count(what: Count) -> MethodRouter<State> {
    get(async move |mut ask: Ask| -> Reply {
        let count = ask.read(move |store, filter| Ok(store.count(what, filter)?)).await?;
        Ok(ask.answer(json!({"count": count})))
    })
}

/// The route of names of what its path names.
pub fn names(key: &'static str, what: Names) -> MethodRouter<State> {
    get(move |ask: Ask| ask.names(key, what, Family::NullLinks))
}

impl FromRequest<State> for Ask {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &State) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let path = RawPathParams::from_request_parts(&mut parts, state).await;
        let path = path.map_err(|error| Problem::bad(error.to_string()))?;
        let path = path.iter().map(|(name, part)| (name.to_owned(), part.to_owned())).collect();
        let query = parts.uri.query().unwrap_or("").to_owned();
        let mut page = parameters(&query).remove("page").map_or(Wanted::first(), |text| Wanted::parse(&text));
        if submission::is_json(&parts.headers) {
            let body = submission::json(&parts.headers, body, state).await?;
            if let Some(number) = body.get("page").filter(|_| page == Wanted::first()) {
                page = Wanted::parse(number.as_str().unwrap_or(&number.to_string()));
            }
        }
        let mask = Mask::of(&parts.headers)?;
        let (state, address) = (State::clone(state), Address::of(&parts.extensions));
        let mut ask = Self { state, address, path, page, mask, query, filter: Filter::default() };
        ask.filter = ask.of_path();
        Ok(ask)
    }
}

impl Ask {
    /// The part of the path that has this name in the router.
    #[must_use]
    pub fn part(&self, name: &str) -> Option<String> {
        self.path.iter().find(|(known, _)| known == name).map(|(_, part)| part.clone())
    }

    fn of_path(&self) -> Filter {
        let is = |name: &str| self.part(name).map(Text::Is);
        Filter {
            session: is("session"),
            context: is("context"),
            item: is("item"),
            variant: is("variant"),
            kind: is("kind"),
            component: is("component"),
            revision: self.part("revision").map(Text::StartsWith),
            pipeline: self.part("pipeline"),
            build: self.part("build"),
            ..Filter::project(&self.address.project)
        }
    }

    /// Parameters of the address, decoded; the first of each name.
    #[must_use]
    pub fn parameters(&self) -> HashMap<String, String> {
        parameters(&self.query)
    }

    /// The metrics.
    ///
    /// # Errors
    ///
    /// If there is no such page, or the database can't be asked.
    pub async fn metrics(self) -> Reply {
        self.list("metrics", Count::Runs, |store, filter, place| {
            Ok(store.runs(filter, place.rows)?.iter().map(entity::from_metric).collect())
        })
        .await
    }

    /// The sessions.
    ///
    /// # Errors
    ///
    /// As above.
    pub async fn sessions(self) -> Reply {
        self.list("sessions", Count::Sessions, |store, filter, place| {
            Ok(store.sessions(filter, place.rows)?.iter().map(entity::from_session).collect())
        })
        .await
    }

    /// The contexts.
    ///
    /// # Errors
    ///
    /// As above.
    pub async fn contexts(self) -> Reply {
        self.list("contexts", Count::Contexts, |store, filter, place| {
            Ok(store.contexts(filter, place.rows)?.iter().map(entity::from_context).collect())
        })
        .await
    }

    async fn list(mut self, key: &'static str, count: Count, read: Read) -> Reply {
        let (page, size) = (self.page, self.state.options.page_size);
        let rows = self.read(move |store, filter| {
            let place = page.place(store.count(count, filter)?, size)?;
            let rows = if place.total == 0 { Vec::new() } else { read(store, filter, place)? };
            Ok((place, rows))
        });
        let (place, rows) = rows.await?;
        Ok(self.reply(Map::new(), key, rows, place, Family::Plain))
    }

    /// Distinct names, one page of them.
    ///
    /// # Errors
    ///
    /// As above.
    pub async fn names(mut self, key: &str, what: Names, family: Family) -> Reply {
        let (page, size) = (self.page, self.state.options.page_size);
        let names = self.read(move |store, filter| Ok(store.names(what, filter)?)).await?;
        let place = page.place(names.len() as u64, size)?;
        let start = usize::try_from(place.rows.offset).unwrap_or(usize::MAX);
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let rows = names.into_iter().skip(start).take(size).map(Value::from).collect();
        let said = self.path.iter().filter(|_| family == Family::NullLinks);
        let head = said.map(|(name, part)| (name.clone(), Value::from(part.as_str()))).collect();
        Ok(self.reply(head, key, rows, place, family))
    }

    /// What a query finds, without pages.
    ///
    /// # Errors
    ///
    /// As above.
    pub async fn read<T: Send + 'static>(
        &mut self,
        query: impl FnOnce(&dyn Store, &Filter) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let filter = std::mem::take(&mut self.filter);
        self.state.read(move |store| query(store, &filter)).await
    }

    /// A body, reduced to the fields that the client wants.
    #[must_use]
    pub fn answer(&self, body: Value) -> Response {
        let body = match &self.mask {
            Some(mask) => mask.apply(body),
            None => body,
        };
        render::json(StatusCode::OK, &body)
    }

    fn reply(
        &self,
        mut body: Map<String, Value>,
        key: &str,
        rows: Vec<Value>,
        place: Place,
        family: Family,
    ) -> Response {
        if place.total == 0 && family == Family::Plain {
            return render::nothing();
        }
        body.insert(key.to_owned(), rows.into());
        body.insert("total_page".to_owned(), place.total.into());
        for (name, page) in ["prev_url", "next_url"].into_iter().zip(place.neighbours()) {
            match page {
                Some(page) => body.insert(name.to_owned(), self.link(page).into()),
                None if family == Family::NullLinks => body.insert(name.to_owned(), Value::Null),
                None => None,
            };
        }
        self.answer(body.into())
    }

    /// The same request for another page, as it was asked otherwise.
    fn link(&self, page: u64) -> String {
        let others =
            self.query.split('&').filter(|pair| !pair.is_empty() && *pair != "page" && !pair.starts_with("page="));
        let query: Vec<_> = others.map(str::to_owned).chain([format!("page={page}")]).collect();
        format!("{}{}?{}", self.address.prefix, self.address.path, query.join("&"))
    }
}

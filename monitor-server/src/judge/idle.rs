//! Sessions that nobody ends are over when nothing of them has come for a while: pytest-monitor never says so.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use monitor_store::Timestamp;
use tokio::time::sleep;

use super::findings;
use crate::error::Problem;
use crate::operate::log;
use crate::state::State;
use crate::store::{Count, Filter, Names, Page, Session, Store, Write};

/// How often the open sessions are looked at, unless they close sooner.
const PERIOD: Duration = Duration::from_secs(60);

/// An open session: its project and itself.
type Open = (String, Session);
/// How many rows open sessions have, and since when, by project and identifier.
type Seen = HashMap<(String, String), (u64, Instant)>;

/// Closes sessions of which nothing came for `state.options.idle`; never returns. Several servers on one database may do so.
pub async fn close_idle(state: State) {
    let idle = state.options.idle;
    let mut seen = Seen::new();
    loop {
        sleep(idle.min(PERIOD)).await;
        if let Err(problem) = close(&state, &mut seen, idle).await {
            log::error("close idle sessions", &problem.to_string());
        }
    }
}

async fn close(state: &State, seen: &mut Seen, idle: Duration) -> Result<(), Problem> {
    let open = state.read(|store| Ok(open(store)?)).await?;
    let (now, mut before) = (Instant::now(), std::mem::take(seen));
    for ((project, session), rows) in open {
        let key = (project, session.h.clone());
        let since = before.remove(&key).filter(|(known, _)| *known == rows).map_or(now, |(_, since)| since);
        if now.duration_since(since) < idle {
            seen.insert(key, (rows, since));
            continue;
        }
        let facts = crate::store::Facts { ended_at: Some(Timestamp::now().to_string()), ..session.facts };
        let session = Session { facts, ..session };
        let (project, session_h) = key.clone();
        state.write(Write { project: key.0, session: Some(session), ..Write::default() }).await?;
        findings::keep(state, project, session_h);
    }
    Ok(())
}

/// Every open session with its number of rows.
fn open(store: &dyn Store) -> Result<Vec<(Open, u64)>, crate::store::StoreError> {
    let mut open = Vec::new();
    for project in store.names(Names::Projects, &Filter::default())? {
        for session in store.sessions(&Filter { open: true, ..Filter::project(&project) }, Page::ALL)? {
            let rows = store.count(Count::Runs, &Filter::session(&project, &session.h))?;
            open.push(((project.clone(), session), rows));
        }
    }
    Ok(open)
}

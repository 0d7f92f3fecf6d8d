//! What every request can reach.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use tokio::sync::{Semaphore, watch};
use tokio::time::sleep;

use crate::access::Gate;
use crate::cli::Options;
use crate::error::Problem;
use crate::ingest::{Arrivals, Queue};
use crate::judge::{Project, Verdicts};
use crate::operate::Counters;
use crate::store::{Outcome, Store, Write};

/// Queries at once; more wait.
const READERS: usize = 8;

/// Large bodies that are read at once.
const BODIES: usize = 8;

/// How long requests may go on to arrive when the server is told to end: what is not here whole was not accepted.
const LAST: Duration = Duration::from_secs(5);

/// Shared by all requests.
pub struct Shared {
    /// The options.
    pub options: Options,
    /// Who may do what.
    pub gate: Gate,
    /// What happened so far.
    pub counters: Counters,
    /// Large bodies in memory at once; more wait.
    pub bodies: Semaphore,
    /// Sessions that are being sent.
    pub arrivals: Arrivals,
    /// Sessions that are over and not judged yet.
    pub to_judge: AtomicUsize,
    /// Whether the server was told to end.
    pub is_ending: watch::Sender<bool>,
    /// Sessions that are judged at once, in the order in which they ended: one, or whoever sends many would wait for it.
    pub judging: Semaphore,
    store: Arc<dyn Store>,
    verdicts: Arc<Verdicts>,
    queue: Queue,
    readers: Arc<Semaphore>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shared")
    }
}

/// As handlers get it.
pub type State = Arc<Shared>;

impl Shared {
    /// Starts the threads that write.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, options: Options) -> State {
        Arc::new(Self {
            queue: Queue::start(&store, options.max_waiting, options.patience),
            options,
            gate: Gate::default(),
            counters: Counters::default(),
            bodies: Semaphore::new(BODIES),
            arrivals: Arrivals::default(),
            to_judge: AtomicUsize::new(0),
            is_ending: watch::Sender::default(),
            judging: Semaphore::new(1),
            store,
            verdicts: Arc::default(),
            readers: Arc::new(Semaphore::new(READERS)),
        })
    }

    /// Returns when the server was told to end, and has waited long enough for what is not here whole.
    pub async fn waits_no_longer(&self) {
        // The sender is here.
        let _ = self.is_ending.subscribe().wait_for(|it| *it).await;
        sleep(LAST).await;
    }

    /// Asks the database, on a thread that may wait for it.
    ///
    /// # Errors
    ///
    /// What the query says.
    pub async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&dyn Store) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let permit = Arc::clone(&self.readers).acquire_owned().await.map_err(|_| Problem::later("the server ends"))?;
        let store = Arc::clone(&self.store);
        let answer = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            query(&*store)
        });
        answer.await.map_err(|error| Problem::from(crate::store::StoreError::Broken(error.to_string())))?
    }

    /// Asks about a project, as [`Shared::read`] does.
    ///
    /// # Errors
    ///
    /// What the query says.
    pub async fn project<T: Send + 'static>(
        &self,
        name: String,
        query: impl FnOnce(&Project<'_>) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let verdicts = Arc::clone(&self.verdicts);
        self.read(move |store| query(&Project::new(store, &name, &verdicts)?)).await
    }

    /// Stores a request; returns when it is safe on the disk.
    ///
    /// # Errors
    ///
    /// If it is not stored.
    pub async fn write(&self, request: Write) -> Result<Outcome, Problem> {
        let rows = request.runs.len();
        let counted = request.runs.iter().any(|run| !run.costs.is_empty()).then(|| request.project.clone());
        let outcome = self.queue.write(request).await?;
        // Costs that came with new runs change no answer: there are new runs.
        if let (Some(project), Outcome::Stored { new_runs }) = (counted, outcome)
            && new_runs < rows as u64
        {
            self.verdicts.forget_causes(&project);
        }
        self.counters.stored(outcome, rows);
        Ok(outcome)
    }
}

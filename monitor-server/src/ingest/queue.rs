//! Requests wait here for the database. A writer takes all that wait at once, and stores them with one sync.
//!
//! There is no timer: while the disk is busy with one group, the next gathers.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::error::Problem;
use crate::store::{Outcome, Store, StoreError, Write};

/// How long a request may wait for a database that can't be had: pytest-monitor gives up for its whole run at the
/// first refusal.
const PATIENCE: Duration = Duration::from_secs(30);
/// Pause before the database is tried again.
const PAUSE: Duration = Duration::from_millis(200);
/// Rows of one group, unless one request has more.
const GROUP: usize = 10_000;
/// Rows that may wait.
const WAITING: usize = 1_000_000;

/// Requests on their way to the database.
#[derive(Debug)]
pub struct Queue {
    line: Arc<Line>,
}

#[derive(Debug, Default)]
struct Line {
    waiting: Mutex<Waiting>,
    arrived: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    jobs: VecDeque<Job>,
    rows: usize,
    over: bool,
}

#[derive(Debug)]
struct Job {
    request: Write,
    until: Instant,
    reply: oneshot::Sender<Result<Outcome, Problem>>,
}

impl Queue {
    /// Starts the writers of a database.
    #[must_use]
    pub fn start(store: &Arc<dyn Store>) -> Self {
        let line = Arc::<Line>::default();
        for _ in 0..store.writers() {
            let (line, store) = (Arc::clone(&line), Arc::clone(store));
            thread::spawn(move || line.serve(&*store));
        }
        Self { line }
    }

    /// Stores a request; returns when it is safe.
    ///
    /// # Errors
    ///
    /// If it is not stored.
    pub async fn write(&self, request: Write) -> Result<Outcome, Problem> {
        let (reply, answer) = oneshot::channel();
        {
            let mut waiting = self.line.lock();
            let rows = weight(&request);
            if waiting.rows > 0 && waiting.rows + rows > WAITING {
                return Err(Problem::later("too many rows wait for the database"));
            }
            waiting.rows += rows;
            waiting.jobs.push_back(Job { request, until: Instant::now() + PATIENCE, reply });
        }
        self.line.arrived.notify_one();
        answer.await.unwrap_or_else(|_| Err(Problem::later("the server ends")))
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.line.lock().over = true;
        self.line.arrived.notify_all();
    }
}

impl Line {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, store: &dyn Store) {
        while let Some(jobs) = self.take() {
            store_all(store, jobs);
        }
    }

    fn take(&self) -> Option<Vec<Job>> {
        let mut waiting = self.lock();
        while waiting.jobs.is_empty() {
            if waiting.over {
                return None;
            }
            waiting = self.arrived.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        let (mut jobs, mut rows) = (Vec::new(), 0);
        while let Some(job) = waiting.jobs.front() {
            rows += weight(&job.request);
            if !jobs.is_empty() && rows > GROUP {
                break;
            }
            waiting.rows -= weight(&job.request);
            jobs.extend(waiting.jobs.pop_front());
        }
        Some(jobs)
    }
}

fn weight(request: &Write) -> usize {
    1 + request.runs.len()
}

/// Tries until it is done, or the requests' time is over.
fn store_all(store: &dyn Store, mut jobs: Vec<Job>) {
    while !jobs.is_empty() {
        let requests: Vec<_> = jobs.iter().map(|job| &job.request).collect();
        match store.write(&requests) {
            Ok(outcomes) => {
                for (job, outcome) in jobs.drain(..).zip(outcomes) {
                    // A client that is gone needs no answer; its rows are stored all the same.
                    let _ = job.reply.send(Ok(outcome));
                }
            }
            Err(StoreError::Unavailable(reason)) => {
                let (tired, patient): (Vec<_>, Vec<_>) =
                    jobs.into_iter().partition(|job| Instant::now() + PAUSE > job.until);
                refuse(tired, &StoreError::Unavailable(reason).into());
                jobs = patient;
                thread::sleep(PAUSE);
            }
            // One of them may be to blame: each on its own.
            Err(StoreError::Broken(_)) if jobs.len() > 1 => {
                for job in jobs.drain(..) {
                    store_all(store, vec![job]);
                }
            }
            Err(error) => refuse(std::mem::take(&mut jobs), &error.into()),
        }
    }
}

fn refuse(jobs: Vec<Job>, problem: &Problem) {
    for job in jobs {
        let _ = job.reply.send(Err(problem.clone()));
    }
}

//! Requests wait here for the database. A writer takes all that wait at once, and stores them with one sync.
//!
//! There is no timer: while the disk is busy with one group, the next gathers. A request that finds nobody at work need not
//! wait for a thread to wake up: it is stored where it came in.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::oneshot;
use tokio::task::block_in_place;

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
pub struct Queue {
    line: Arc<Line>,
}

struct Line {
    store: Arc<dyn Store>,
    /// Rows that may wait.
    room: usize,
    waiting: Mutex<Waiting>,
    arrived: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    jobs: VecDeque<Job>,
    rows: usize,
    /// How many more may write now.
    free: usize,
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
        Self::with_room(store, WAITING)
    }

    fn with_room(store: &Arc<dyn Store>, room: usize) -> Self {
        let waiting = Mutex::new(Waiting { free: store.writers(), ..Waiting::default() });
        let line = Arc::new(Line { store: Arc::clone(store), room, waiting, arrived: Condvar::new() });
        for _ in 0..store.writers() {
            let line = Arc::clone(&line);
            thread::spawn(move || line.serve());
        }
        Self { line }
    }

    /// Stores a request; returns when it is safe.
    ///
    /// # Errors
    ///
    /// If it is not stored.
    pub async fn write(&self, request: Write) -> Result<Outcome, Problem> {
        let until = Instant::now() + PATIENCE;
        if let Some(turn) = self.line.turn_now() {
            let stored = block_in_place(|| self.line.store.write(&[&request]));
            drop(turn);
            match stored {
                // It waits among the others until the database is back.
                Err(StoreError::Unavailable(_)) => {}
                stored => return Ok(stored?.swap_remove(0)),
            }
        }
        let answer = self.line.push(request, until)?;
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

    /// If nobody would be overtaken, and the thread may be kept from its other work.
    fn turn_now(&self) -> Option<Turn<'_>> {
        let may_block = Handle::try_current().is_ok_and(|now| now.runtime_flavor() == RuntimeFlavor::MultiThread);
        let mut waiting = self.lock();
        (may_block && waiting.jobs.is_empty() && waiting.free > 0).then(|| {
            waiting.free -= 1;
            Turn(self)
        })
    }

    fn push(&self, request: Write, until: Instant) -> Result<oneshot::Receiver<Result<Outcome, Problem>>, Problem> {
        let (reply, answer) = oneshot::channel();
        let mut waiting = self.lock();
        let rows = weight(&request);
        if waiting.rows > 0 && waiting.rows + rows > self.room {
            return Err(Problem::later("too many rows wait for the database"));
        }
        waiting.rows += rows;
        waiting.jobs.push_back(Job { request, until, reply });
        if waiting.free > 0 {
            self.arrived.notify_one();
        }
        Ok(answer)
    }

    fn serve(&self) {
        while let Some((turn, jobs)) = self.take() {
            store_all(&*self.store, jobs);
            drop(turn);
        }
    }

    fn take(&self) -> Option<(Turn<'_>, Vec<Job>)> {
        let mut waiting = self.lock();
        while waiting.jobs.is_empty() || waiting.free == 0 {
            if waiting.over && waiting.jobs.is_empty() {
                return None;
            }
            waiting = self.arrived.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        waiting.free -= 1;
        let (mut jobs, mut rows) = (Vec::new(), 0);
        while let Some(job) = waiting.jobs.front() {
            rows += weight(&job.request);
            if !jobs.is_empty() && rows > GROUP {
                break;
            }
            waiting.rows -= weight(&job.request);
            jobs.extend(waiting.jobs.pop_front());
        }
        Some((Turn(self), jobs))
    }
}

/// The right to write, until it is dropped.
struct Turn<'a>(&'a Line);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut waiting = self.0.lock();
        waiting.free += 1;
        if waiting.over {
            self.0.arrived.notify_all();
        } else if !waiting.jobs.is_empty() {
            self.0.arrived.notify_one();
        }
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

#[cfg(test)]
mod tests {
    use axum::http::{StatusCode, header};
    use axum::response::IntoResponse as _;
    use tokio::time::sleep;

    use super::*;
    use crate::store::sqlite::Sqlite;
    use crate::store::{Count, Figures, Filter, Run};

    fn rows(item: &str, count: usize) -> Write {
        let row = |number: usize| Run {
            item: item.to_owned(),
            start: number.to_string(),
            figures: Some(Figures::default()),
            ..Run::default()
        };
        Write { project: "p".to_owned(), runs: (0..count).map(row).collect(), append: true, ..Write::default() }
    }

    async fn until(queue: &Queue, is_so: impl Fn(&Waiting) -> bool) {
        while !is_so(&queue.line.lock()) {
            sleep(Duration::from_millis(1)).await;
        }
    }

    #[test]
    fn what_finds_no_room_is_told_to_come_again_and_nothing_is_lost() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("monitor.db");
        let store: Arc<dyn Store> = Arc::new(Sqlite::open(&file).expect("a database"));
        let queue = Arc::new(Queue::with_room(&store, 10));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let send = |request: Write| {
            let queue = Arc::clone(&queue);
            tokio::spawn(async move { queue.write(request).await })
        };
        runtime.expect("a runtime").block_on(async {
            // Another program keeps the file for itself.
            let other = rusqlite::Connection::open(&file).expect("the database");
            other.execute_batch("BEGIN IMMEDIATE").expect("it is locked");
            let at_work = send(rows("at work", 1));
            until(&queue, |waiting| waiting.free == 0).await;
            let waits = send(rows("waits", 7));
            until(&queue, |waiting| waiting.rows == 8).await;
            let refused = queue.write(rows("refused", 3)).await.expect_err("there is no room").into_response();
            assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert!(refused.headers().contains_key(header::RETRY_AFTER));
            let fits = send(rows("fits", 1));
            until(&queue, |waiting| waiting.rows == 10).await;
            other.execute_batch("COMMIT").expect("it is given back");
            for (sent, count) in [(at_work, 1), (waits, 7), (fits, 1)] {
                let stored = sent.await.expect("it is answered").expect("it is stored");
                assert_eq!(stored, Outcome::Stored { new_runs: count });
            }
            let again = queue.write(rows("refused", 3)).await.expect("there is room again");
            assert_eq!(again, Outcome::Stored { new_runs: 3 });
        });
        assert_eq!(store.count(Count::Runs, &Filter::project("p")).expect("a count"), 12);
    }
}

//! Requests wait here for the database. A writer takes all that wait at once, and stores them with one sync.
//!
//! There is no timer: while the disk is busy with one group, the next gathers. A small request that comes alone need not wait
//! for a thread to wake up: it is stored where it came in, as long as that takes no time to speak of.

use std::collections::VecDeque;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::error::Problem;
use crate::operate::log;
use crate::store::{Outcome, Store, StoreError, Wait, Write, Writers};

/// Pause before the database is tried again.
const PAUSE: Duration = Duration::from_millis(200);
/// Rows of one group, unless one request has more.
const GROUP: usize = 10_000;
/// Weight of a request at most that is stored by the thread on which it came in, which others need too.
const SMALL: usize = 2;
/// How long such a thread may have been kept the last time.
const QUICK: Duration = Duration::from_millis(5);

/// Requests on their way to the database.
pub struct Queue {
    line: Arc<Line>,
}

struct Line {
    store: Arc<dyn Store>,
    /// Rows that may wait.
    room: usize,
    /// How long a request may wait for a database that can't be had.
    patience: Duration,
    writers: Writers,
    waiting: Mutex<Waiting>,
    arrived: Condvar,
    /// Whether the last write found the database away, or its disk full.
    is_away: AtomicBool,
}

#[derive(Debug, Default)]
struct Waiting {
    jobs: VecDeque<Job>,
    rows: usize,
    /// How many more may write now.
    free: usize,
    /// Whether the last group was one request, took no time to speak of, and nobody came meanwhile.
    is_calm: bool,
    over: bool,
}

#[derive(Debug)]
struct Job {
    request: Write,
    until: Instant,
    reply: oneshot::Sender<Result<Outcome, Problem>>,
}

impl Queue {
    /// Starts the writers of a database; `room` rows may wait for them, each request for so long.
    #[must_use]
    pub fn start(store: &Arc<dyn Store>, room: usize, patience: Duration) -> Self {
        let writers = store.writers();
        let free = writers.count();
        let waiting = Mutex::new(Waiting { free, is_calm: true, ..Waiting::default() });
        let (store, arrived, is_away) = (Arc::clone(store), Condvar::new(), AtomicBool::new(false));
        let line = Arc::new(Line { store, room, patience, writers, waiting, arrived, is_away });
        for _ in 0..free {
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
        let until = Instant::now() + self.line.patience;
        if let Some(turn) = self.line.turn_now(&request) {
            let stored = self.line.write(&[&request], Wait::No);
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

    /// If nobody would be overtaken, and the thread is kept from its other work for a moment only.
    fn turn_now(&self, request: &Write) -> Option<Turn<'_>> {
        if self.writers != Writers::Here || weight(request) > SMALL {
            return None;
        }
        let mut waiting = self.lock();
        let is_now = waiting.is_calm && waiting.jobs.is_empty() && waiting.free > 0;
        is_now.then(|| self.turn(&mut waiting, 1))
    }

    fn turn(&self, waiting: &mut Waiting, requests: usize) -> Turn<'_> {
        waiting.free -= 1;
        Turn { line: self, requests, begin: Instant::now() }
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
            self.store_all(jobs);
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
        let (mut jobs, mut rows) = (Vec::new(), 0);
        while let Some(job) = waiting.jobs.front() {
            rows += weight(&job.request);
            if !jobs.is_empty() && rows > GROUP {
                break;
            }
            waiting.rows -= weight(&job.request);
            jobs.extend(waiting.jobs.pop_front());
        }
        Some((self.turn(&mut waiting, jobs.len()), jobs))
    }

    /// Tries until it is done, or the requests' time is over.
    fn store_all(&self, mut jobs: Vec<Job>) {
        while !jobs.is_empty() {
            let requests: Vec<_> = jobs.iter().map(|job| &job.request).collect();
            match self.write(&requests, Wait::Yes) {
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
                        self.store_all(vec![job]);
                    }
                }
                Err(error) => refuse(std::mem::take(&mut jobs), &error.into()),
            }
        }
    }

    /// The log says when the database goes and when it is back, not how often it was tried meanwhile.
    fn write(&self, requests: &[&Write], wait: Wait) -> Result<Vec<Outcome>, StoreError> {
        let stored = self.store.write(requests, wait);
        let away = match &stored {
            Ok(_) => None,
            Err(error @ StoreError::Full(_)) => Some(error),
            Err(error @ StoreError::Unavailable(_)) if wait == Wait::Yes => Some(error),
            // Who does not wait finds a lock that another program holds for a moment.
            Err(_) => return stored,
        };
        if self.is_away.swap(away.is_some(), Relaxed) != away.is_some() {
            match away {
                Some(error) => log::error("database", &error.to_string()),
                None => log::info("database is back", &[]),
            }
        }
        stored
    }
}

/// The right to write, until it is dropped.
struct Turn<'a> {
    line: &'a Line,
    requests: usize,
    begin: Instant,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut waiting = self.line.lock();
        waiting.free += 1;
        waiting.is_calm = self.requests == 1 && waiting.jobs.is_empty() && self.begin.elapsed() < QUICK;
        if waiting.over {
            self.line.arrived.notify_all();
        } else if !waiting.jobs.is_empty() {
            self.line.arrived.notify_one();
        }
    }
}

fn weight(request: &Write) -> usize {
    1 + request.runs.len()
}

fn refuse(jobs: Vec<Job>, problem: &Problem) {
    for job in jobs {
        let _ = job.reply.send(Err(problem.clone()));
    }
}

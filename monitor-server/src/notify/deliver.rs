//! Delivery of messages to their receiver.

use std::time::Duration;

use monitor_client::post;
use monitor_store::Timestamp;
use tokio::time::sleep;

use super::message::{Webhook, signature};
use crate::error::Problem;
use crate::operate::log;
use crate::state::State;
use crate::store::{Message, Write};

/// How often it is looked whether a message is due.
const PERIOD: Duration = Duration::from_secs(1);
/// How long a receiver may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest wait between two tries.
const LONGEST: Duration = Duration::from_secs(3600);
/// Tries before a message is given up: with those waits, more than a day.
const ATTEMPTS: u32 = 40;

/// Delivers messages when they are due; never returns. A message may come twice, with the same `id`: if several servers use one
/// database, or if the server ends before it has noted the delivery.
pub async fn deliver(state: State, webhook: Webhook) {
    loop {
        sleep(PERIOD).await;
        if let Err(problem) = deliver_due(&state, &webhook).await {
            log::error("deliver messages", &problem.to_string());
        }
    }
}

async fn deliver_due(state: &State, webhook: &Webhook) -> Result<(), Problem> {
    let now = Timestamp::now().as_seconds();
    for message in state.read(move |store| Ok(store.messages(now)?)).await? {
        let (url, secret, body) = (webhook.url.clone(), webhook.secret.clone(), message.body.clone());
        let send = move || {
            let headers = [("Content-Type", "application/json"), ("X-Monitor-Signature", &signature(&secret, &body))];
            post(&url, &headers, body.as_bytes(), PATIENCE)
        };
        let sent = tokio::task::spawn_blocking(send).await.map_err(|error| Problem::later(error.to_string()))?;
        let project = message.project.clone();
        let message = match sent {
            Ok(()) => Message { due: None, body: String::new(), ..message },
            // The address may hold what is not for logs.
            Err(error) => later(message, webhook.pause, &error.to_string().replace(&webhook.url, "the webhook")),
        };
        state.write(Write { project, messages: vec![message], ..Write::default() }).await?;
    }
    Ok(())
}

/// A message that was not taken: to be tried again, twice as long after each try, or given up.
fn later(message: Message, pause: Duration, error: &str) -> Message {
    let attempts = message.attempts + 1;
    log::error("deliver a message", &format!("{error} (try {attempts} of {ATTEMPTS})"));
    let wait = pause.saturating_mul(1 << message.attempts.min(16)).min(LONGEST);
    let due = Timestamp::now().as_seconds() + i64::try_from(wait.as_secs()).unwrap_or(i64::MAX / 2);
    Message { attempts, due: (attempts < ATTEMPTS).then_some(due), ..message }
}

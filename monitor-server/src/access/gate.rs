//! Tokens: who may pass.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use monitor_store::Timestamp;
use subtle::ConstantTimeEq as _;

use super::{cookie, secret};
use crate::error::Problem;
use crate::store::{Access, Token};

/// How long tokens are remembered: what a command adds or revokes counts after this time.
const MEMORY: Duration = Duration::from_secs(1);
/// Refusals a second, of all clients together; beyond it refusals are cheaper. It needs no memory of who was refused.
const REFUSALS_PER_SECOND: u32 = 100;

/// Decides by tokens.
#[derive(Debug, Default)]
pub struct Gate {
    tokens: Mutex<Option<(Instant, Arc<[Token]>)>>,
    refusals: Mutex<Option<(Instant, u32)>>,
    /// Whether others than this machine can reach the server: then nobody passes without a token.
    pub public: std::sync::atomic::AtomicBool,
}

impl Gate {
    /// Lets a request through that has a token for the project, or for all if there is none. `tokens` reads them, if it
    /// must be.
    ///
    /// # Errors
    ///
    /// If it may not pass.
    pub async fn admit(
        &self,
        tokens: impl Future<Output = Result<Vec<Token>, Problem>>,
        headers: &HeaderMap,
        project: Option<&str>,
        needed: Access,
    ) -> Result<(), Problem> {
        let mut secrets = presented(headers);
        if needed == Access::Read {
            secrets.extend(cookie::of(headers, cookie::TOKEN));
        }
        match self.token(tokens, &secrets).await? {
            Some(Token { name, project: Some(only), .. }) if Some(only.as_str()) != project => {
                let message = format!("the token {name:?} is for the project {only} only");
                Err(Problem::new(StatusCode::FORBIDDEN, message))
            }
            Some(Token { name, access, .. }) if access < needed => {
                let message = format!("the token {name:?} has the access {} only", access.as_str());
                Err(Problem::new(StatusCode::FORBIDDEN, message))
            }
            _ => Ok(()),
        }
    }

    /// The token that somebody has; `None` if nobody needs one.
    ///
    /// # Errors
    ///
    /// If it is none that is valid.
    pub async fn token(
        &self,
        tokens: impl Future<Output = Result<Vec<Token>, Problem>>,
        secrets: &[String],
    ) -> Result<Option<Token>, Problem> {
        let tokens = self.remembered(tokens).await?;
        if tokens.is_empty() && !self.public.load(std::sync::atomic::Ordering::Relaxed) {
            return Ok(None);
        }
        let token = secrets.iter().find_map(|secret| find(&tokens, secret));
        let Some(token) = token else {
            return Err(self.refuse(
                "a valid token is needed: Authorization: Bearer TOKEN, or http://TOKEN:@HOST/ in the address"
                    .to_owned(),
            ));
        };
        if let Some(end) = token.expires_at.filter(|end| *end <= Timestamp::now().as_seconds()) {
            let end = Timestamp::from_micros(end.saturating_mul(1_000_000));
            return Err(self.refuse(format!(
                "the token {:?} ended at {end} UTC, by the server's clock: `monitor-server token create` makes another",
                token.name
            )));
        }
        Ok(Some(token.clone()))
    }

    fn refuse(&self, message: String) -> Problem {
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let (since, count) = match *refusals {
            Some((since, count)) if now < since + Duration::from_secs(1) => (since, count + 1),
            _ => (now, 1),
        };
        *refusals = Some((since, count));
        if count > REFUSALS_PER_SECOND {
            return Problem::new(StatusCode::TOO_MANY_REQUESTS, "too many requests without a valid token");
        }
        Problem::new(StatusCode::UNAUTHORIZED, message)
    }

    async fn remembered(
        &self,
        read: impl Future<Output = Result<Vec<Token>, Problem>>,
    ) -> Result<Arc<[Token]>, Problem> {
        let known = self.tokens.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((read_at, tokens)) = &known
            && read_at.elapsed() < MEMORY
        {
            return Ok(Arc::clone(tokens));
        }
        match (read.await, known) {
            (Ok(tokens), _) => {
                let tokens: Arc<[Token]> = tokens.into();
                let mut memory = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
                *memory = Some((Instant::now(), Arc::clone(&tokens)));
                Ok(tokens)
            }
            // A database that is away for a while must not turn clients away that wait for it.
            (Err(_), Some((_, tokens))) => Ok(tokens),
            (Err(problem), None) => Err(problem),
        }
    }
}

/// `Authorization: Bearer TOKEN`, or the user part of the address, which clients send as `Basic`: as the user's name, or
/// as the password where a client wants one.
fn presented(headers: &HeaderMap) -> Vec<String> {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or("");
    let (scheme, rest) = value.split_once(' ').unwrap_or((value, ""));
    if scheme.eq_ignore_ascii_case("bearer") {
        return vec![rest.trim().to_owned()];
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return Vec::new();
    }
    let decoded = STANDARD.decode(rest.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    decoded.splitn(2, ':').map(str::to_owned).collect()
}

/// Compares with every token, each in constant time.
fn find<'a>(tokens: &'a [Token], secret: &str) -> Option<&'a Token> {
    let hash = secret::hash(secret);
    let mut found = None;
    for token in tokens {
        if bool::from(token.hash.as_slice().ct_eq(&hash)) {
            found = Some(token);
        }
    }
    found
}

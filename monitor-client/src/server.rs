//! A project of a server, over HTTP.

use std::io::{self, Write as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use rustls::crypto::ring;
use serde::Deserialize;
use serde_json::Value;
use ureq::http::{Response, header};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, RequestBuilder};

use crate::error::ClientError;
use crate::wire::{Batch, Listed};

/// How long a server may need to accept a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// Bytes of an answer at most.
const LONGEST: u64 = 4 << 30;

/// A project of a server.
#[derive(Clone, Debug)]
pub struct Server {
    base: String,
    token: Option<String>,
    agent: Agent,
    /// When its time is over.
    end: Option<Instant>,
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub struct Stored {
    /// Rows in it.
    pub rows: u64,
    /// Those that the server did not have.
    pub new_rows: u64,
}

impl Server {
    /// Whether a text is the address of a server rather than the path of a file.
    #[must_use]
    pub fn is_address(text: &str) -> bool {
        text.starts_with("http://") || text.starts_with("https://")
    }

    /// The server at an address: `http://HOST:PORT` for its project `default`, `https://HOST/p/NAME` for another. A token
    /// stands in the address' user part (`https://TOKEN:@HOST/p/NAME`), or is `token`. All requests together may take
    /// `patience` from now on; without it only the connection has a limit, 10 s.
    ///
    /// # Errors
    ///
    /// [`ClientError::Address`].
    pub fn at(address: &str, token: Option<String>, patience: Option<Duration>) -> Result<Self, ClientError> {
        let no_address = || ClientError::Address(without_user(address));
        let (scheme, rest) = address.split_once("://").filter(|_| Self::is_address(address)).ok_or_else(no_address)?;
        let (user, rest) = match rest.split_once('@') {
            Some((user, rest)) if !user.contains('/') => (Some(user), rest),
            _ => (None, rest),
        };
        let rest = rest.trim_end_matches('/');
        // What pytest-monitor's users have in their settings.
        let rest = rest.strip_suffix("/api/v1").unwrap_or(rest);
        if rest.is_empty() || rest.contains(['?', '#', ' ']) {
            return Err(no_address());
        }
        let in_address = user.and_then(|user| user.split(':').find(|part| !part.is_empty())).map(str::to_owned);
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(CONNECT))
            .user_agent(concat!("monitor-client/", env!("CARGO_PKG_VERSION")));
        if scheme == "https" {
            config = config.tls_config(tls());
        }
        Ok(Self {
            base: format!("{scheme}://{rest}"),
            token: in_address.or(token),
            agent: config.build().new_agent(),
            end: patience.map(|patience| Instant::now() + patience),
        })
    }

    /// Its address, without the token.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.base
    }

    /// Stores a session; what the server has of it already stays as it is.
    ///
    /// # Errors
    ///
    /// If it is not stored.
    pub fn push(&self, batch: &Batch<'_>) -> Result<Stored, ClientError> {
        let url = format!("{}/api/v2/sessions", self.base);
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        let body = gzip.write_all(batch.to_lines().as_bytes()).and_then(|()| gzip.finish());
        let body = body.map_err(|error| ClientError::Unreachable { url: url.clone(), reason: error.to_string() })?;
        let request = self.authorized(self.agent.post(&url)).header(header::CONTENT_TYPE, "application/x-ndjson");
        let request = request.header(header::CONTENT_ENCODING, "gzip");
        let answer = body_of(&url, request.send(&body))?;
        parse(&url, &answer)
    }

    /// Every session, in the order in which they came to the server.
    ///
    /// # Errors
    ///
    /// If the server does not tell.
    pub fn sessions(&self) -> Result<Vec<Listed>, ClientError> {
        let url = format!("{}/api/v2/sessions", self.base);
        let answer = self.get(&url)?;
        answer.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(|line| parse(&url, line)).collect()
    }

    /// A session with all that belongs to it, as lines for [`Batch::from_lines`].
    ///
    /// # Errors
    ///
    /// If the server does not give it.
    pub fn session(&self, session_h: &str) -> Result<Vec<u8>, ClientError> {
        self.get(&format!("{}/api/v2/sessions/{}", self.base, escaped(session_h)))
    }

    fn left(&self) -> Option<Duration> {
        // Zero would be no limit.
        self.end.map(|end| end.saturating_duration_since(Instant::now()).max(Duration::from_millis(1)))
    }

    fn authorized<B>(&self, request: RequestBuilder<B>) -> RequestBuilder<B> {
        match &self.token {
            Some(token) => request.header(header::AUTHORIZATION, format!("Bearer {token}")),
            None => request,
        }
    }

    fn get(&self, url: &str) -> Result<Vec<u8>, ClientError> {
        let request = self.authorized(self.agent.get(url));
        body_of(url, request.config().timeout_global(self.left()).build().call())
    }
}

/// Sends a body to any address. All of it may take `patience`.
///
/// # Errors
///
/// If it is not accepted.
pub fn post(url: &str, headers: &[(&str, &str)], body: &[u8], patience: Duration) -> Result<(), ClientError> {
    let config = Agent::config_builder().http_status_as_error(false).timeout_global(Some(patience)).max_redirects(0);
    let config = if url.starts_with("https://") { config.tls_config(tls()) } else { config };
    let mut request = config.build().new_agent().post(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    body_of(url, request.send(body)).map(|_| ())
}

fn body_of(url: &str, answer: Result<Response<ureq::Body>, ureq::Error>) -> Result<Vec<u8>, ClientError> {
    let unreachable = |error: ureq::Error| ClientError::Unreachable { url: url.to_owned(), reason: explain(&error) };
    let mut answer = answer.map_err(unreachable)?;
    let body = answer.body_mut().with_config().limit(LONGEST).read_to_vec().map_err(unreachable)?;
    let status = answer.status();
    if status.is_success() {
        return Ok(body);
    }
    let said = serde_json::from_slice::<Value>(&body).unwrap_or_default();
    let message = said["message"].as_str().unwrap_or("it gave no reason").to_owned();
    let message = match said["errors"].as_object().and_then(|errors| errors.iter().next()) {
        Some((field, reason)) => format!("{message}: {field}: {}", reason.as_str().unwrap_or_default()),
        None => message,
    };
    Err(ClientError::Refused { url: url.to_owned(), status: status.as_u16(), message })
}

fn explain(error: &ureq::Error) -> String {
    let reason = error.to_string();
    if reason.contains("UnknownIssuer") {
        return format!("{reason}; the file that SSL_CERT_FILE names may hold the certificates of other authorities");
    }
    match error {
        // The most likely by far: it is not started, or it has another port.
        ureq::Error::Io(refused) if refused.kind() == io::ErrorKind::ConnectionRefused => {
            format!("{refused}: is a server running there?")
        }
        ureq::Error::Io(failed) => failed.to_string(),
        _ => reason,
    }
}

fn parse<'a, T: Deserialize<'a>>(url: &str, bytes: &'a [u8]) -> Result<T, ClientError> {
    serde_json::from_slice(bytes)
        .map_err(|error| ClientError::Answer { url: url.to_owned(), reason: error.to_string() })
}

/// With the certificates that the system trusts.
fn tls() -> TlsConfig {
    let known = rustls_native_certs::load_native_certs().certs;
    let certificates: Vec<_> = known.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).collect();
    TlsConfig::builder()
        .unversioned_rustls_crypto_provider(Arc::new(ring::default_provider()))
        .root_certs(RootCerts::from(certificates))
        .build()
}

/// For messages: a token must not be in them.
fn without_user(address: &str) -> String {
    address.rsplit_once('@').map_or(address, |(_, rest)| rest).to_owned()
}

fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => escaped.push(byte.into()),
            _ => escaped += &format!("%{byte:02X}"),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_people_and_of_pytest_monitor_are_understood() {
        for (address, base, token) in [
            ("http://127.0.0.1:8050", "http://127.0.0.1:8050", None),
            ("https://example.org/p/ours/", "https://example.org/p/ours", None),
            ("https://secret:@example.org/p/ours/api/v1", "https://example.org/p/ours", Some("secret")),
            ("https://:secret@example.org", "https://example.org", Some("secret")),
        ] {
            let server = Server::at(address, None, None).expect("an address");
            assert_eq!((server.address(), server.token.as_deref()), (base, token), "{address}");
        }
        for address in ["example.org", "ftp://example.org", "http://", "http:///", "https://secret@", "http://a b"] {
            let error = Server::at(address, None, None).expect_err(address).to_string();
            assert!(!error.contains("secret"), "{error}");
        }
        assert_eq!(escaped("a b/é"), "a%20b%2F%C3%A9");
    }
}

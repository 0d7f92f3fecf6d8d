//! Connections: accepted within limits, served by the router, finished before the server ends.

use std::convert::Infallible;
use std::fmt::Display;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use axum::response::IntoResponse as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::select;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject as _};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tower_service::Service as _;

use crate::address::{self, Entrance};
use crate::at_once::AtOnce;
use crate::compat::render;
use crate::head_timer::HeadTimer;
use crate::judge;
use crate::notify;
use crate::operate::log;
use crate::router::{elsewhere, router};
use crate::state::State;

/// How long a client may take to agree on encryption.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Connections at once; more wait until others end.
const CONNECTIONS: usize = 10_000;
/// How long requests may go on when the server is told to end.
const FAREWELL: Duration = Duration::from_secs(30);

/// A certificate chain and its key.
#[derive(Clone)]
pub struct Tls(TlsAcceptor);

impl Tls {
    /// Reads them from files in PEM.
    ///
    /// # Errors
    ///
    /// If a file can't be read, holds no such thing, or the key is another certificate's.
    pub fn load(certificate: &Path, key: &Path) -> io::Result<Self> {
        let named = |path: &Path, error: &dyn Display| io::Error::other(format!("{}: {error}", path.display()));
        let of = |path: &Path, what: &str, error: pem::Error| match error {
            pem::Error::NoItemsFound => named(path, &format!("it holds no {what} in PEM")),
            pem::Error::Io(error) => named(path, &error),
            error => named(path, &error),
        };
        let chain = CertificateDer::pem_file_iter(certificate).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let chain = chain.and_then(|chain| if chain.is_empty() { Err(pem::Error::NoItemsFound) } else { Ok(chain) });
        let chain = chain.map_err(|error| of(certificate, "certificate", error))?;
        let private = PrivateKeyDer::from_pem_file(key).map_err(|error| of(key, "private key", error))?;
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, private))
            .map_err(|error| named(certificate, &error))?;
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }
}

/// Serves until `end`; then lets requests that have begun finish.
///
/// # Errors
///
/// If the system takes the listener away.
pub async fn serve(
    listener: TcpListener,
    tls: Option<Tls>,
    state: State,
    end: impl Future<Output = ()>,
) -> io::Result<()> {
    let tls = tls.map(|Tls(acceptor)| acceptor);
    let entrance = Entrance { is_encrypted: tls.is_some(), public_url: state.options.public_url.clone() };
    let service = Service { router: router(&state), state: State::clone(&state), entrance: Arc::new(entrance) };
    let closing = tokio::spawn(judge::close_idle(State::clone(&service.state)));
    let looking = tokio::spawn(judge::look_everywhere(State::clone(&service.state)));
    let webhook = service.state.options.webhook();
    let telling = webhook.map(|webhook| tokio::spawn(notify::deliver(State::clone(&service.state), webhook)));
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let graceful = GracefulShutdown::new();
    let mut end = std::pin::pin!(end);
    loop {
        let place = Arc::clone(&places).acquire_owned().await.map_err(io::Error::other)?;
        let Some((stream, _peer)) = accept(&listener, &mut end).await else { break };
        let (service, tls, watcher) = (service.clone(), tls.clone(), graceful.watcher());
        tokio::spawn(async move {
            connection(stream, tls, service, watcher).await;
            drop(place);
        });
    }
    drop(listener);
    state.is_ending.send_replace(true);
    closing.abort();
    looking.abort();
    telling.inspect(tokio::task::JoinHandle::abort);
    if timeout(FAREWELL, graceful.shutdown()).await.is_err() {
        log::error("shutdown", "some requests took too long and were cut off");
    }
    Ok(())
}

/// The next connection; `None` if the server is to end.
async fn accept(
    listener: &TcpListener,
    end: &mut (impl Future<Output = ()> + Unpin),
) -> Option<(TcpStream, SocketAddr)> {
    loop {
        let accepted = select! {
            biased;
            () = &mut *end => return None,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok(accepted) => return Some(accepted),
            // The client has gone already, or there are too many open files.
            Err(error) => {
                log::error("accept", &error.to_string());
                sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, tls: Option<TlsAcceptor>, service: Service, watcher: Watcher) {
    // Answers are small, and clients wait for them.
    let _ = stream.set_nodelay(true);
    let state = State::clone(&service.state);
    state.counters.connections.fetch_add(1, Relaxed);
    match tls {
        None => speak(stream, service, watcher).await,
        Some(tls) => {
            let agreed = select! {
                agreed = timeout(HANDSHAKE, tls.accept(stream)) => agreed.ok().and_then(Result::ok),
                () = state.waits_no_longer() => None,
            };
            if let Some(stream) = agreed {
                speak(stream, service, watcher).await;
            }
        }
    }
    state.counters.connections.fetch_sub(1, Relaxed);
}

async fn speak(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static, service: Service, watcher: Watcher) {
    let state = State::clone(&service.state);
    let silence = state.options.client_timeout;
    let service = service_fn(move |request| {
        let service = service.clone();
        async move { Ok::<_, Infallible>(service.answer(request).await) }
    });
    let mut protocol = http1::Builder::new();
    // Who has said all may say so, by closing that half of the connection, and waits for the answer.
    protocol.timer(HeadTimer(state)).header_read_timeout(silence).half_close(true);
    let connection = protocol.serve_connection(TokioIo::new(stream), service);
    // Whatever ends it, a client that goes away or sends nonsense, was answered by hyper.
    let _ = AtOnce::new(watcher.watch(connection)).await;
}

#[derive(Clone, Debug)]
struct Service {
    router: Router,
    state: State,
    entrance: Arc<Entrance>,
}

impl Service {
    async fn answer(mut self, mut request: Request<Incoming>) -> Response<Body> {
        let begin = Instant::now();
        let (method, uri) = (request.method().clone(), request.uri().clone());
        // No value has a slash in it, however it is written.
        let response = match address::resolve(&request, &self.entrance) {
            Ok((address, _)) if address.path.to_ascii_lowercase().contains("%2f") => render::no_page(),
            Ok((address, _)) if address.path.contains("//") => elsewhere(&address, &request),
            Ok((address, target)) => {
                *request.uri_mut() = target;
                request.extensions_mut().insert(address);
                match self.router.call(request.map(Body::new)).await {
                    Ok(response) => response,
                    Err(never) => match never {},
                }
            }
            Err(problem) => problem.into_response(),
        };
        let (status, took) = (response.status(), begin.elapsed());
        self.state.counters.answered(&method, status, took);
        if self.state.options.log_requests {
            let fields = [
                ("method", method.as_str().into()),
                // The query may hold what is not for logs.
                ("path", uri.path().into()),
                ("status", status.as_u16().into()),
                ("seconds", took.as_secs_f64().into()),
            ];
            log::info("request", &fields);
        }
        response
    }
}

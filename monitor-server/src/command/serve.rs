//! The server.

use std::sync::atomic::Ordering::Relaxed;

use anyhow::{Context as _, ensure};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::net::TcpListener;
use tokio::select;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::Options;
use crate::operate::log;
use crate::serve::{self, Tls};
use crate::state::{Shared, State};
use crate::store;

/// Serves until the process is told to end.
pub fn run(database: &str, options: Options) -> anyhow::Result<()> {
    raise_open_files();
    let store = store::open::to_serve(database)?;
    let public = options.public_url.is_some() || !options.listen.ip().is_loopback();
    ensure!(
        !public || !store.tokens()?.is_empty(),
        "refused to listen at {}{}: everybody who reaches it could read and write; first make a token, with the same --database, \
         by `monitor-server token create NAME`",
        options.listen,
        if options.public_url.is_some() { " behind a proxy" } else { "" },
    );
    let state = Shared::new(store, options.clone());
    state.gate.public.store(public, Relaxed);
    let tls =
        options.tls_cert.zip(options.tls_key).map(|(certificate, key)| Tls::load(&certificate, &key)).transpose()?;
    // Held until the runtime has ended: to close a connection to PostgreSQL waits, which no task may do.
    let _held = State::clone(&state);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(options.listen)
            .await
            .with_context(|| format!("{} can't be listened at (--listen chooses another address)", options.listen))?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let address = format!("{scheme}://{}/", listener.local_addr()?);
        // Nothing else goes to stdout: scripts read the port from it.
        println!("monitor-server serves {} at {address}", store::open::shown(database));
        log::info("start", &[("address", address.into())]);
        let end = told_to_end()?;
        serve::serve(listener, tls, state, end).await?;
        store::open::leave(database)?;
        log::info("end", &[]);
        Ok(())
    })
}

fn told_to_end() -> anyhow::Result<impl Future<Output = ()>> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        select! {
            _ = terminate.recv() => (),
            _ = interrupt.recv() => (),
        }
    })
}

/// A connection is an open file, and the usual limit is low.
fn raise_open_files() {
    if let Ok((_, most)) = getrlimit(Resource::RLIMIT_NOFILE) {
        let _ = setrlimit(Resource::RLIMIT_NOFILE, most, most);
    }
}

//! What can be asked of the program.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::TypedValueParser;
use clap::{Args, Parser, Subcommand};
use monitor_client::Server;

use crate::address::{DEFAULT_PROJECT, PublicUrl, is_project};
use crate::notify::Webhook;
use crate::store::Access;

/// One place for every machine's test results.
///
/// Without a command it serves ./monitor.db at http://127.0.0.1:8050, for this machine only.
#[derive(Parser)]
#[command(name = "monitor-server", version)]
pub struct Cli {
    /// The database: a file, or postgres://USER:PASSWORD@HOST/NAME.
    #[arg(long, env = "MONITOR_DATABASE", default_value = "monitor.db", global = true, hide_env_values = true)]
    pub database: String,
    /// How to serve.
    #[command(flatten)]
    pub serve: Options,
    /// What to do instead of serving.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Options of the server.
#[derive(Args, Clone)]
pub struct Options {
    /// Address and port to listen on; an address that other machines can reach needs a token.
    #[arg(long, default_value = "127.0.0.1:8050", value_parser = listen)]
    pub listen: SocketAddr,
    /// Where clients reach the server through a proxy, also below a path: https://HOST or https://HOST/PATH. It needs a token.
    #[arg(long, value_name = "URL")]
    pub public_url: Option<PublicUrl>,
    /// Rows per page of a listing.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub page_size: u64,
    /// Largest body of a request in MiB, as sent; eight times as much decompressed.
    #[arg(long, default_value = "64", value_parser = clap::value_parser!(u16).range(1..=4096).map(|mib| usize::from(mib) << 20))]
    pub max_body: usize,
    /// Rows that may wait for the database; who sends more is told to come again.
    #[arg(long, value_name = "ROWS", default_value_t = 1_000_000)]
    pub max_waiting: usize,
    /// Seconds that a request waits for a database that can't be had, before it is told to come again.
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds(3600))]
    pub patience: Duration,
    /// Seconds for which a client may be silent; then its connection is closed. Longer than a proxy in front keeps its own.
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds(3600))]
    pub client_timeout: Duration,
    /// Certificate chain for TLS, PEM.
    #[arg(long, requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// Key for TLS, PEM.
    #[arg(long, requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// Seconds without new rows after which a session counts as ended.
    #[arg(long, default_value = "600", value_parser = seconds(u64::MAX))]
    pub idle: Duration,
    /// URL that gets, by POST, what sessions changed; signed with MONITOR_WEBHOOK_SECRET.
    #[arg(long, value_name = "URL", requires = "webhook_secret", value_parser = webhook)]
    pub webhook: Option<String>,
    /// Secret that signs the messages; better set by the variable, since everybody on the machine can read arguments.
    #[arg(long, value_name = "SECRET", env = "MONITOR_WEBHOOK_SECRET", hide_env_values = true)]
    pub webhook_secret: Option<String>,
    /// Seconds before a message that failed is sent again; doubles each time, up to an hour.
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds(3600))]
    pub webhook_pause: Duration,
    /// Write a line for each request to stderr.
    #[arg(long)]
    pub log_requests: bool,
}

impl Default for Options {
    fn default() -> Self {
        Cli::parse_from([env!("CARGO_PKG_NAME")]).serve
    }
}

impl Options {
    /// Who is told what sessions changed.
    #[must_use]
    pub fn webhook(&self) -> Option<Webhook> {
        let (url, secret) = self.webhook.clone().zip(self.webhook_secret.clone())?;
        Some(Webhook { url, secret, pause: self.webhook_pause })
    }
}

/// What else the program does.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Who may read and write.
    #[command(subcommand)]
    Token(Token),
    /// Add the sessions of a .pymon file; sessions that the server has already do not change.
    Import {
        /// The file, of cargo monitor or of pytest-monitor.
        file: PathBuf,
        /// The project.
        #[arg(long, default_value = DEFAULT_PROJECT, value_parser = project)]
        project: String,
    },
    /// Write a project's sessions to a new .pymon file.
    Export {
        /// The file.
        file: PathBuf,
        /// The project.
        #[arg(long, default_value = DEFAULT_PROJECT, value_parser = project)]
        project: String,
    },
    /// Delete the sessions that match all given options. Sessions of the baseline branch are kept.
    Prune {
        /// The project.
        #[arg(long, default_value = DEFAULT_PROJECT, value_parser = project)]
        project: String,
        /// Which.
        #[command(flatten)]
        which: Prune,
    },
    /// Copy a SQLite database, also while it is served.
    Backup {
        /// The copy, a new file.
        file: PathBuf,
    },
}

/// Which sessions are deleted.
#[derive(Args, Debug)]
#[group(skip)]
pub struct Prune {
    /// Sessions that the server got more than this many days ago.
    #[arg(long, value_name = "DAYS")]
    pub older_than: Option<u32>,
    /// All but the newest N sessions.
    #[arg(long, value_name = "COUNT")]
    pub keep: Option<usize>,
    /// Sessions of this branch.
    #[arg(long)]
    pub branch: Option<String>,
    /// The branch whose sessions are kept.
    #[arg(long, default_value = "main")]
    pub baseline: String,
    /// Only list them.
    #[arg(long)]
    pub dry_run: bool,
}

/// Tokens.
#[derive(Debug, Subcommand)]
pub enum Token {
    /// Make a token and print its secret, which is not shown again.
    Create {
        /// What people call it.
        name: String,
        /// What the token allows.
        #[arg(long, default_value = "write")]
        access: Access,
        /// Only for this project.
        #[arg(long, value_parser = project)]
        project: Option<String>,
        /// Days until it ends.
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=36_500))]
        days: Option<u32>,
    },
    /// List the tokens, without their secrets.
    List,
    /// Revoke a token. A running server knows it within a second.
    Revoke {
        /// What people call it.
        name: String,
    },
}

fn project(name: &str) -> Result<String, String> {
    let reason = "a project's name has letters, digits, dots, dashes and underscores, 64 at most";
    if is_project(name) { Ok(name.to_owned()) } else { Err(reason.to_owned()) }
}

fn seconds(most: u64) -> impl TypedValueParser<Value = Duration> {
    clap::value_parser!(u64).range(1..=most).map(Duration::from_secs)
}

fn listen(address: &str) -> Result<SocketAddr, String> {
    let expected = "an IP address of this machine and a port are expected, such as 127.0.0.1:8050 or [::1]:8050";
    address.parse().map_err(|_| expected.to_owned())
}

fn webhook(url: &str) -> Result<String, String> {
    if Server::is_address(url) { Ok(url.to_owned()) } else { Err("it begins with http:// or https://".to_owned()) }
}

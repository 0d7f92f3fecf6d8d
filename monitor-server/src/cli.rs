//! What can be asked of the program.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::address::DEFAULT_PROJECT;
use crate::store::Access;

/// One place for every machine's test results.
///
/// Without a command it serves ./monitor.db at http://127.0.0.1:8050, for this machine only.
#[derive(Debug, Parser)]
#[command(name = "monitor-server", version)]
pub struct Cli {
    /// The database: a file, or postgres://USER:PASSWORD@HOST/NAME.
    #[arg(long, env = "MONITOR_DATABASE", default_value = "monitor.db", global = true, hide_env_values = true)]
    pub database: String,
    /// How to serve.
    #[command(flatten)]
    pub serve: Serve,
    /// What to do instead of serving.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Options of the server.
#[derive(Args, Debug)]
pub struct Serve {
    /// Address and port to listen at; another than this machine's own needs a token.
    #[arg(long, default_value = "127.0.0.1:8050")]
    pub listen: SocketAddr,
    /// Rows in a page of a listing.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub page_size: u64,
    /// MiB that a request's body may have, as it is sent; eight times as much decompressed.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=4096))]
    pub max_body: u16,
    /// Certificate chain for TLS, PEM.
    #[arg(long, requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// Key for TLS, PEM.
    #[arg(long, requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// Seconds after which a session is over of which nothing comes.
    #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..))]
    pub idle: u64,
    /// Where to send, by POST, what sessions changed; signed with MONITOR_WEBHOOK_SECRET.
    #[arg(long, value_name = "URL", requires = "webhook_secret")]
    pub webhook: Option<String>,
    /// What messages are signed with: better in the variable than in the arguments, which everybody on the machine can read.
    #[arg(long, value_name = "SECRET", env = "MONITOR_WEBHOOK_SECRET", hide_env_values = true)]
    pub webhook_secret: Option<String>,
    /// Seconds before a message that was not taken is sent again; then twice as long each time, up to an hour.
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub webhook_pause: u64,
    /// Write a line for each request to stderr.
    #[arg(long)]
    pub log_requests: bool,
}

/// What else the program does.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Who may read and write.
    #[command(subcommand)]
    Token(Token),
    /// Add the sessions of a .pymon file; what is there already stays as it is.
    Import {
        /// The file, of cargo monitor or of pytest-monitor.
        file: PathBuf,
        /// The project.
        #[arg(long, default_value = DEFAULT_PROJECT)]
        project: String,
    },
    /// Write a project's sessions to a new .pymon file.
    Export {
        /// The file.
        file: PathBuf,
        /// The project.
        #[arg(long, default_value = DEFAULT_PROJECT)]
        project: String,
    },
    /// Delete sessions: those that every option given means. Sessions of the baseline branch stay.
    Prune {
        /// The project.
        #[arg(long, default_value = DEFAULT_PROJECT)]
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
    /// Those that the server got more than so many days ago.
    #[arg(long, value_name = "DAYS")]
    pub older_than: Option<u32>,
    /// All but the newest.
    #[arg(long, value_name = "COUNT")]
    pub keep: Option<usize>,
    /// Those of this branch.
    #[arg(long)]
    pub branch: Option<String>,
    /// The branch whose sessions stay.
    #[arg(long, default_value = "main")]
    pub baseline: String,
    /// Only list them.
    #[arg(long)]
    pub dry_run: bool,
}

/// Tokens.
#[derive(Debug, Subcommand)]
pub enum Token {
    /// Make a token and print its secret, which is shown only now.
    Create {
        /// What people call it.
        name: String,
        /// What it allows.
        #[arg(long, default_value = "write")]
        access: Access,
        /// Only for this project.
        #[arg(long)]
        project: Option<String>,
        /// Days until it ends.
        #[arg(long)]
        days: Option<u32>,
    },
    /// List the tokens, without their secrets.
    List,
    /// Take a token away. A running server follows within a second.
    Revoke {
        /// What people call it.
        name: String,
    },
}

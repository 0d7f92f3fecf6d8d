//! `token create|list|revoke`.

use anyhow::ensure;
use monitor_store::Timestamp;

use crate::access::secret;
use crate::cli::Token as Command;
use crate::store::{self, Token};

/// Does what the arguments say.
pub fn run(database: &str, command: Command) -> anyhow::Result<()> {
    match command {
        Command::Create { name, access, project, days } => {
            let store = store::open::database(database)?;
            ensure!(!name.trim().is_empty(), "a token needs a name, by which it is listed and revoked");
            let known = store.tokens()?.into_iter().any(|token| token.name == name);
            ensure!(!known, "there is a token {name:?} already");
            let secret = secret::generate()?;
            let now = Timestamp::now().as_seconds();
            let expires_at = days.map(|days| now + i64::from(days) * 86_400);
            let hash = secret::hash(&secret).to_vec();
            store.set_token(&name.clone(), Some(&Token { name, hash, access, project, expires_at }))?;
            println!("{secret}");
        }
        Command::List => {
            for token in store::open::known(database)?.tokens()? {
                let end = token
                    .expires_at
                    .map_or_else(|| "never".to_owned(), |end| Timestamp::from_micros(end * 1_000_000).to_string());
                let project = token.project.as_deref().unwrap_or("all projects");
                println!("{}  {}  {project}  ends: {end}", token.name, token.access.as_str());
            }
        }
        Command::Revoke { name } => {
            let is_revoked = store::open::known(database)?.set_token(&name, None)?;
            ensure!(is_revoked, "there is no token {name:?}: `monitor-server token list` has them");
        }
    }
    Ok(())
}

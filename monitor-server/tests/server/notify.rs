//! What other programs are told, and that they are told although they don't listen at once.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use monitor_server::notify::signature;
use serde_json::Value;

use super::history::{evolution, send_ended};
use super::process::Server;

/// A message as it came: its signature and its body.
type Received = (String, String);

/// A receiver of messages that answers so, one after the other, and then 200 for ever.
fn receiver(statuses: &'static [u16]) -> (SocketAddr, Receiver<Received>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let (send, received) = channel();
    thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let mut stream = BufReader::new(stream.expect("a connection"));
            let (mut signature, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                stream.read_line(&mut line).expect("a header");
                let lower = line.trim_end().to_ascii_lowercase();
                if let Some(value) = lower.strip_prefix("x-monitor-signature: ") {
                    value.clone_into(&mut signature);
                } else if let Some(value) = lower.strip_prefix("content-length: ") {
                    length = value.parse().expect("a length");
                } else if lower.is_empty() {
                    break;
                }
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).expect("a body");
            let status = statuses.get(number).unwrap_or(&200);
            let answer = format!("HTTP/1.1 {status} so\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            stream.get_mut().write_all(answer.as_bytes()).expect("an answer is read");
            let _ = send.send((signature, String::from_utf8(body).expect("text")));
        }
    });
    (address, received)
}

const PATIENCE: Duration = Duration::from_secs(120);

#[test]
fn who_listens_is_told_what_a_session_changed_until_it_takes_it() {
    for kind in 0..Server::each(&[]).len() {
        let (address, received) = receiver(&[500, 503]);
        let url = format!("http://{address}/hook");
        let options = ["--webhook", &url, "--webhook-secret", "a secret", "--webhook-pause", "1"];
        let mut server = Server::each(&options).remove(kind);
        evolution(&server, "ours");
        send_ended(&server, "ours", "slow", 27, "main", &[("demo::tests::grows", 1.5, 4 << 20)]);
        let first = received.recv_timeout(PATIENCE).expect("a message");
        // It waits in the database, not in the server.
        if server.kind == "SQLite" {
            server.kill_and_restart();
        }
        let again = received.recv_timeout(PATIENCE).expect("the same, since it was not taken");
        let taken = received.recv_timeout(PATIENCE).expect("the same once more");
        assert_eq!((&first, &first), (&again, &taken), "{}", server.kind);
        let (signed, body) = taken;
        assert_eq!(signed, signature("a secret", &body), "the receiver knows by the secret who says it");
        let message: Value = serde_json::from_str(&body).expect("JSON");
        assert_eq!(message["event"], "session_judged");
        let place = [&message["project"], &message["session"], &message["branch"], &message["verdict"]];
        assert_eq!(place, ["ours", "slow", "main", "regressed"], "{message:#}");
        let opened = message["opened"].as_array().expect("findings");
        assert!(!opened.is_empty() && opened.iter().all(|it| it["test"] == "demo::tests::grows"), "{message:#}");
        assert_eq!(server.get(message["page"].as_str().expect("a page")).status, 200);
        // The next one says only what is new then; nothing comes twice after it was taken.
        send_ended(&server, "ours", "fine-again", 28, "main", &[("demo::tests::grows", 0.5, 1 << 20)]);
        let next: Value = serde_json::from_str(&received.recv_timeout(PATIENCE).expect("a message").1).expect("JSON");
        assert_eq!((&next["session"], &next["opened"]), (&"fine-again".into(), &Value::Array(Vec::new())), "{next:#}");
        assert!(next["fixed"].as_array().is_some_and(|fixed| !fixed.is_empty()), "{next:#}");
        assert!(received.recv_timeout(Duration::from_secs(3)).is_err(), "nothing is said twice");
    }
}

#[test]
fn a_webhook_without_a_secret_is_refused() {
    let server = Server::sqlite(&[]);
    let refused = server.command(&["--webhook", "http://127.0.0.1:9/"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("--webhook-secret"), "{said}");
}

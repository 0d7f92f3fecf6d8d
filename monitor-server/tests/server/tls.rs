//! A server that speaks TLS, and clients that trust its authority or do not.

use std::path::Path;
use std::process::Command;

use monitor_tests::{Run, cargo_monitor, python, repository, run, skipped};
use tempfile::TempDir;

use super::process::{Server, program};
use super::samples::context;

/// An authority that nobody knows, and a server with its certificate.
struct Encrypted {
    server: Server,
    folder: TempDir,
}

impl Encrypted {
    /// `None`, with the reason on stderr, where there is no openssl.
    fn start() -> Option<Self> {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let openssl = |args: &str| {
            let mut command = Command::new("openssl");
            command.args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-days",
                "2",
            ]);
            command.args(args.split(' ')).current_dir(folder.path());
            command.output().is_ok_and(|output| output.status.success())
        };
        let of_server = "-subj /CN=server -addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE \
             -CA authority.pem -CAkey authority.key -keyout key.pem -out cert.pem";
        if !openssl("-subj /CN=authority -keyout authority.key -out authority.pem") || !openssl(of_server) {
            skipped("no openssl 3 on this machine, so TLS is not tried");
            return None;
        }
        let [certificate, key] = ["cert.pem", "key.pem"].map(|name| path(folder.path(), name));
        let server = Server::sqlite(&["--tls-cert", &certificate, "--tls-key", &key]);
        let recorded = repository().join("tests/fixtures/pictures/shop.pymon");
        std::fs::copy(recorded, folder.path().join("shop.pymon")).expect("a file can be copied");
        Some(Self { server, folder })
    }

    fn base(&self) -> String {
        format!("https://{}", self.server.address)
    }

    fn authority(&self) -> String {
        path(self.folder.path(), "authority.pem")
    }

    /// `cargo monitor`, which trusts the system's authorities, or those in a file.
    fn monitor(&self, authorities: Option<&str>, args: &[&str]) -> Run {
        let file = self.folder.path().join("shop.pymon");
        let mut command = Command::new(cargo_monitor());
        command.arg("monitor").args(args).current_dir(self.folder.path());
        command.env("MONITOR_DB", file).env("XDG_CACHE_HOME", self.folder.path()).env_remove("MONITOR_REMOTE_TOKEN");
        match authorities {
            Some(file) => command.env("SSL_CERT_FILE", file),
            None => command.env_remove("SSL_CERT_FILE"),
        };
        run(command)
    }
}

fn path(folder: &Path, name: &str) -> String {
    folder.join(name).to_string_lossy().into_owned()
}

#[test]
fn python_reaches_it_if_it_trusts_the_authority() {
    let (Some(python), Some(encrypted)) = (python(), Encrypted::start()) else { return };
    let script = "import sys, requests; base, cert, body = sys.argv[1:]; \
         print(requests.post(base + '/contexts/', data=body, verify=cert, headers={'Content-Type': 'application/json'}).status_code); \
         print(requests.get(base + '/contexts', verify=cert).url)";
    let base = format!("{}/api/v1", encrypted.base());
    let ask = |authority: &str| {
        let mut client = python.command();
        client.args(["-c", script, &base, authority, &context("c1").to_string()]);
        run(client)
    };
    assert_eq!(ask(&encrypted.authority()).succeeded().stdout, format!("201\n{base}/contexts/\n"));
    // Another authority.
    let Some(other) = Encrypted::start() else { return };
    let refused = ask(&other.authority());
    assert!(refused.code != Some(0) && refused.stderr.contains("CERTIFICATE_VERIFY_FAILED"), "{}", refused.stderr);
}

#[test]
fn cargo_monitor_reaches_it_if_it_trusts_the_authority() {
    let Some(encrypted) = Encrypted::start() else { return };
    let (authority, url) = (encrypted.authority(), format!("{}/p/ours", encrypted.base()));
    let with = |args: &[&str]| encrypted.monitor(Some(&authority), args);
    let _ = with(&["push", &url]).succeeded();
    for command in [&["sessions"][..], &["compare", "latest~1", "--format", "json"]] {
        let of_server = with(&[command, &["--db", &url]].concat());
        assert_eq!(of_server.stdout, with(command).stdout, "{command:?}: {}", of_server.stderr);
        assert!(!of_server.stdout.is_empty(), "{command:?}: {}", of_server.stderr);
    }
    for command in [&["push", &url][..], &["sessions", "--db", &url]] {
        let refused = encrypted.monitor(None, command);
        let says = |text: &str| refused.stderr.contains(text);
        assert_eq!(refused.code, Some(1), "{command:?}");
        assert!(
            says("certificate") && says("UnknownIssuer") && says("SSL_CERT_FILE"),
            "{command:?}: {}",
            refused.stderr
        );
    }
    // A certificate for another name is refused, whoever signed it.
    let elsewhere = with(&["push", &url.replace("127.0.0.1", "localhost")]);
    assert!(elsewhere.code == Some(1) && elsewhere.stderr.contains("not valid for"), "{}", elsewhere.stderr);
    // Who speaks HTTP to it is not understood.
    let plain = with(&["push", &url.replace("https:", "http:")]);
    assert!(plain.code == Some(1) && plain.stderr.contains("does not answer"), "{}", plain.stderr);
}

#[test]
fn a_certificate_that_is_none_is_named() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let file = path(folder.path(), "cert.pem");
    for (content, reason) in [(None, "No such file"), (Some("no certificate"), "holds no certificate in PEM")] {
        content.inspect(|content| std::fs::write(&file, content).expect("a file can be written"));
        let mut command = program();
        command.args(["--listen", "127.0.0.1:0", "--tls-cert", &file, "--tls-key", &file]).current_dir(folder.path());
        let refused = run(command);
        assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""), "it is said to serve");
        assert!(refused.stderr.contains(&format!("{file}: ")) && refused.stderr.contains(reason), "{}", refused.stderr);
    }
}

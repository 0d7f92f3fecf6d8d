//! Connections to a PostgreSQL that speaks TLS, by `sslmode` and `sslrootcert` of the database's address.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use monitor_tests::skipped;

use super::postgres::{self, Cluster, folder, unprivileged};
use super::process::{Server, program};
use super::samples::context;

const AUTHORITY: &str = "authority.pem";

/// An authority that nobody knows, and the key and the certificate of 127.0.0.1; false where there is no openssl 3.
fn certificates(folder: &Path) -> bool {
    let new = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2";
    let script = format!(
        "cd {} && {new} -subj /CN=authority -keyout authority.key -out {AUTHORITY} && \
         {new} -subj /CN=database -addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE \
         -CA {AUTHORITY} -CAkey authority.key -keyout key.pem -out cert.pem && chmod 600 key.pem",
        folder.display()
    );
    unprivileged(&script).output().is_ok_and(|output| output.status.success())
}

#[test]
fn a_database_is_reached_by_tls_as_its_address_asks() {
    let Some(programs) = postgres::programs() else { return };
    let keys = folder("keys");
    if !certificates(&keys) {
        skipped("no openssl 3 on this machine, so TLS to PostgreSQL is not tried");
        return;
    }
    let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port is free").port();
    let [certificate, key] = ["cert", "key"].map(|name| format!("ssl_{name}_file={}/{name}.pem", keys.display()));
    let listen = ["ssl=on", &certificate, &key, "listen_addresses=localhost", &format!("port={port}")];
    let cluster = Cluster::start(&programs, "encrypted", &listen);
    let authority = keys.join(AUTHORITY).to_string_lossy().replace('/', "%2F");

    let by_name = format!("localhost:{port}");
    let by_address = format!("127.0.0.1:{port}");
    for (number, (host, query, encrypted)) in (1_u32..).zip([
        (&by_address, String::new(), true),
        (&by_address, "?sslmode=disable".to_owned(), false),
        (&by_name, "?sslmode=require".to_owned(), true),
        (&by_name, format!("?sslmode=verify-ca&sslrootcert={authority}"), true),
        (&by_address, format!("?sslmode=verify-full&sslrootcert={authority}&application_name=x"), true),
    ]) {
        cluster.execute(&format!("CREATE DATABASE d{number}"));
        let url = format!("postgres://monitor@{host}/d{number}{query}");
        let server = Server::on_postgres(&url, &[]);
        assert_eq!(server.post("contexts/", &context("c1")).status, 201, "{url}");
        let among = format!(
            "SELECT 1 / (count(*) FILTER (WHERE ssl = {encrypted}))::int, \
             1 / (1 - (count(*) FILTER (WHERE ssl <> {encrypted}))::int) \
             FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE datname = 'd{number}'"
        );
        cluster.execute(&among);
    }

    for (host, query, reason) in [
        (&by_address, "sslmode=verify-full".to_owned(), "UnknownIssuer"),
        (&by_name, format!("sslmode=verify-full&sslrootcert={authority}"), "not valid for name"),
        (&by_address, "sslmode=require&sslrootcert=%2Fno%2Fsuch.pem".to_owned(), "sslrootcert /no/such.pem"),
        (&by_address, "sslmode=perhaps".to_owned(), "sslmode"),
    ] {
        let url = format!("postgres://monitor@{host}/postgres?{query}");
        let mut command: Command = program();
        let output = command.args(["--database", &url, "--listen", "127.0.0.1:0"]).output().expect("the program runs");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && told.contains(reason), "{url}: {told}");
    }
    std::fs::remove_dir_all(keys).expect("the keys can be removed");
}

//! A client that costs little itself: it keeps its connection, and reads of an answer what it needs.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::Result;

/// How a client waits for its answer.
#[derive(Clone, Copy, PartialEq)]
pub enum Wait {
    /// In the kernel, as clients do. On an idle machine its processor sleeps too, and wakes up as late as the server's.
    Sleeping,
    /// It asks again and again: what is measured is the server alone.
    Polling,
}

/// A connection that is kept, if the server keeps it.
pub struct Connection {
    address: SocketAddr,
    wait: Wait,
    stream: TcpStream,
    request: Vec<u8>,
    answer: Vec<u8>,
    is_closed: bool,
}

impl Connection {
    pub fn open(address: SocketAddr, wait: Wait) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(wait == Wait::Polling)?;
        Ok(Self { address, wait, stream, request: Vec::new(), answer: Vec::new(), is_closed: false })
    }

    /// Sends a request, and returns the status and the body of its answer. A server that closes the connection instead is asked
    /// again, by a new one.
    pub fn ask(&mut self, method: &str, path: &str, kind: &str, body: &[u8]) -> Result<(u16, &[u8])> {
        for _ in 0..TRIES {
            if self.is_closed {
                *self = Self::open(self.address, self.wait)?;
            }
            match self.exchange(method, path, kind, body) {
                Ok((status, head)) => return Ok((status, &self.answer[head..])),
                Err(error) if is_cut_off(&*error) => {
                    CUT_OFF.fetch_add(1, Relaxed);
                    self.is_closed = true;
                }
                Err(error) => return Err(error),
            }
        }
        Err(format!("{} closed the connection {TRIES} times instead of an answer", self.address).into())
    }

    /// The status of the answer, and the bytes of its head.
    fn exchange(&mut self, method: &str, path: &str, kind: &str, body: &[u8]) -> Result<(u16, usize)> {
        self.request.clear();
        let length = body.len();
        write!(
            self.request,
            "{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"
        )?;
        self.request.extend_from_slice(body);
        let mut sent = 0;
        while sent < self.request.len() {
            sent += again(|| self.stream.write(&self.request[sent..]))?;
        }
        self.answer.clear();
        let head = loop {
            let seen = self.answer.len().saturating_sub(END.len());
            self.receive()?;
            if let Some(end) = self.answer[seen..].windows(END.len()).position(|window| window == END) {
                break seen + end + END.len();
            }
        };
        let (status, length, is_closed) = understand(std::str::from_utf8(&self.answer[..head])?)?;
        self.is_closed = is_closed;
        while self.answer.len() < head + length {
            self.receive()?;
        }
        Ok((status, head))
    }

    /// The last answer as it came, with its head.
    pub fn answer(&self) -> &[u8] {
        &self.answer
    }

    fn receive(&mut self) -> io::Result<()> {
        let known = self.answer.len();
        self.answer.resize(known + (known + 1).max(8 << 10), 0);
        let read = again(|| self.stream.read(&mut self.answer[known..]))?;
        self.answer.truncate(known + read);
        if read == 0 { Err(ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }
}

/// How often a request is sent that a server does not answer.
const TRIES: usize = 10;

static CUT_OFF: AtomicUsize = AtomicUsize::new(0);

/// How often a server closed a connection instead of answering, since this was asked last.
pub fn cut_off() -> usize {
    CUT_OFF.swap(0, Relaxed)
}

fn is_cut_off(error: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    let kind = error.downcast_ref().map(io::Error::kind);
    matches!(kind, Some(ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe))
}

const END: &[u8] = b"\r\n\r\n";

/// Until it would not block, which happens to a client that polls.
fn again(mut io: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match io() {
            Err(error) if error.kind() == ErrorKind::WouldBlock => std::hint::spin_loop(),
            done => return done,
        }
    }
}

/// Status, length of the body, and whether the connection ends, of the head of an answer.
fn understand(head: &str) -> Result<(u16, usize, bool)> {
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).ok_or("no status")?.parse()?;
    let (mut length, mut is_closed) = (0, false);
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        if name.eq_ignore_ascii_case("content-length") {
            length = value.parse()?;
        } else if name.eq_ignore_ascii_case("connection") {
            is_closed = value.eq_ignore_ascii_case("close");
        }
    }
    Ok((status, length, is_closed))
}

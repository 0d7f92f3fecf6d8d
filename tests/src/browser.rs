//! A real Chromium without a window, driven by the DevTools protocol.
//!
//! The protocol goes over two pipes (`--remote-debugging-pipe`): JSON objects with a zero byte behind each. No other
//! crate and no driver program is needed.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::skip::skipped;

/// Nothing that leaves the machine, nothing that is remembered, no graphics card.
const FLAGS: &[&str] = &[
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
];

/// A browser with one page.
#[derive(Debug)]
pub struct Browser {
    process: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    /// Of the protocol, for the page.
    session: String,
    sent: u64,
    events: Vec<Value>,
    _profile: TempDir,
}

impl Browser {
    /// Starts Chromium with a page of this size; `None`, with the reason on stderr, where it is not installed.
    ///
    /// # Panics
    ///
    /// If it is installed and does not work.
    #[must_use]
    pub fn start(width: u32, height: u32) -> Option<Self> {
        let found = Command::new("chromium").arg("--version").output().is_ok_and(|output| output.status.success());
        if !found {
            skipped("no chromium on this machine, so pages are not opened in a browser");
            return None;
        }
        let profile = tempfile::tempdir().expect("a temporary folder can be made");
        // Chromium reads from descriptor 3 and writes to 4; a child of ours gets only 0 to 2.
        let mut process = Command::new("sh")
            .args(["-c", "exec chromium \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1", "chromium"])
            .args(FLAGS)
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg(format!("--window-size={width},{height}"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("chromium can be started");
        let to = process.stdin.take().expect("its input is a pipe");
        let from = BufReader::new(process.stdout.take().expect("its output is a pipe"));
        let mut browser =
            Self { process, to, from, session: String::new(), sent: 0, events: Vec::new(), _profile: profile };
        let target = browser.call("Target.createTarget", &json!({ "url": "about:blank" }));
        let attached =
            browser.call("Target.attachToTarget", &json!({ "targetId": target["targetId"], "flatten": true }));
        browser.session = attached["sessionId"].as_str().expect("a page has a session").to_owned();
        for domain in ["Page", "Runtime", "Network", "Log"] {
            browser.call(&format!("{domain}.enable"), &json!({}));
        }
        Some(browser)
    }

    /// Calls a method of the protocol and waits for its result.
    ///
    /// # Panics
    ///
    /// If the browser says that it failed, or is gone.
    pub fn call(&mut self, method: &str, parameters: &Value) -> Value {
        self.sent += 1;
        let mut message = json!({ "id": self.sent, "method": method, "params": parameters });
        if !self.session.is_empty() {
            message["sessionId"] = Value::from(self.session.as_str());
        }
        self.to.write_all(format!("{message}\0").as_bytes()).expect("chromium takes messages");
        loop {
            let mut answer = self.next();
            if answer["id"] == self.sent {
                assert!(answer.get("error").is_none(), "{method} {parameters}: {answer}");
                return answer["result"].take();
            }
            self.events.push(answer);
        }
    }

    fn next(&mut self) -> Value {
        let mut message = Vec::new();
        self.from.read_until(0, &mut message).expect("chromium sends messages");
        message.pop();
        serde_json::from_slice(&message).expect("chromium is there and speaks JSON")
    }

    /// Opens a file and waits until it is loaded.
    ///
    /// # Panics
    ///
    /// As [`Browser::call`].
    pub fn open(&mut self, file: &Path) {
        self.visit(&format!("file://{}", file.display()));
    }

    /// Opens an address and waits until it is loaded.
    ///
    /// # Panics
    ///
    /// As [`Browser::call`].
    pub fn visit(&mut self, url: &str) {
        self.events.clear();
        self.call("Page.navigate", &json!({ "url": url }));
        self.wait_until_loaded();
    }

    /// Evaluates what leads to another page, a click or a key, and waits until that is loaded.
    ///
    /// # Panics
    ///
    /// As [`Browser::evaluate`].
    pub fn leave_by(&mut self, expression: &str) {
        self.events.clear();
        let _ = self.evaluate(expression);
        self.wait_until_loaded();
    }

    fn wait_until_loaded(&mut self) {
        while !self.events.iter().any(|event| event["method"] == "Page.loadEventFired") {
            let event = self.next();
            self.events.push(event);
        }
    }

    /// The value of a JavaScript expression in the page.
    ///
    /// # Panics
    ///
    /// If it throws.
    pub fn evaluate(&mut self, expression: &str) -> Value {
        let parameters = json!({ "expression": expression, "returnByValue": true });
        let mut answer = self.call("Runtime.evaluate", &parameters);
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {answer}");
        answer["result"]["value"].take()
    }

    /// Moves the pointer onto the middle of the first element that a CSS selector finds, after scrolling to it.
    ///
    /// # Panics
    ///
    /// If there is no such element.
    pub fn hover(&mut self, selector: &str) {
        let selector = Value::from(selector);
        let middle = self.evaluate(&format!(
            "(() => {{ const element = document.querySelector({selector}); \
             element.scrollIntoView({{ block: 'center', behavior: 'instant' }}); \
             const box = element.getBoundingClientRect(); \
             return [box.x + box.width / 2, box.y + box.height / 2]; }})()"
        ));
        let parameters = json!({ "type": "mouseMoved", "x": middle[0], "y": middle[1] });
        self.call("Input.dispatchMouseEvent", &parameters);
    }

    /// Presses a key by its name, `ArrowRight`.
    ///
    /// # Panics
    ///
    /// As [`Browser::call`].
    pub fn press(&mut self, key: &str) {
        // What Chromium itself does with a key, it does by number and by what the key writes.
        let (number, text) = match key {
            "Tab" => (9, ""),
            "Enter" => (13, "\r"),
            _ => (0, ""),
        };
        for kind in ["keyDown", "keyUp"] {
            let text = if kind == "keyDown" { text } else { "" };
            let event = json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": number, "text": text });
            self.call("Input.dispatchKeyEvent", &event);
        }
    }

    /// Presses a key that leads to another page, and waits until that is loaded.
    ///
    /// # Panics
    ///
    /// As [`Browser::call`].
    pub fn leave_by_key(&mut self, key: &str) {
        self.events.clear();
        self.press(key);
        self.wait_until_loaded();
    }

    /// Writes into what has the keyboard's focus.
    ///
    /// # Panics
    ///
    /// As [`Browser::call`].
    pub fn write(&mut self, text: &str) {
        self.call("Input.insertText", &json!({ "text": text }));
    }

    /// A picture of what is in the window, as PNG.
    ///
    /// # Panics
    ///
    /// As [`Browser::call`].
    pub fn screenshot(&mut self) -> Vec<u8> {
        let answer = self.call("Page.captureScreenshot", &json!({ "format": "png" }));
        from_base64(answer["data"].as_str().expect("a picture is text"))
    }

    /// A picture of the whole page, however long, as PNG.
    ///
    /// # Panics
    ///
    /// As [`Browser::call`].
    pub fn whole_page(&mut self) -> Vec<u8> {
        let size = self.call("Page.getLayoutMetrics", &json!({}))["cssContentSize"].take();
        let clip = json!({ "x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1 });
        let parameters = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        let answer = self.call("Page.captureScreenshot", &parameters);
        from_base64(answer["data"].as_str().expect("a picture is text"))
    }

    /// Keeps a picture of the whole page in a folder, for people to look at, and says where.
    ///
    /// # Panics
    ///
    /// If the file can't be written.
    pub fn keep(&mut self, folder: &str, name: &str) {
        let picture = self.whole_page();
        let file = Path::new(folder).join(name);
        fs::write(&file, picture).expect("the picture can be kept");
        eprintln!("screenshot: {}", file.display());
    }

    /// The addresses that were asked for since the page was opened.
    #[must_use]
    pub fn requests(&self) -> Vec<&str> {
        self.told("Network.requestWillBeSent").filter_map(|event| event["request"]["url"].as_str()).collect()
    }

    /// What went wrong in the page since it was opened: exceptions, refused scripts and styles.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        let told = ["Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled"];
        told.into_iter().flat_map(|method| self.told(method)).map(ToString::to_string).collect()
    }

    fn told<'a>(&'a self, method: &'static str) -> impl Iterator<Item = &'a Value> {
        self.events.iter().filter(move |event| event["method"] == method).map(|event| &event["params"])
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn from_base64(text: &str) -> Vec<u8> {
    let digit = |byte: u8| match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let (mut bits, mut count, mut bytes) = (0_u32, 0, Vec::with_capacity(text.len() / 4 * 3));
    for digit in text.bytes().filter_map(digit) {
        bits = bits << 6 | u32::from(digit);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
    bytes
}

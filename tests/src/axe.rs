//! axe-core, which looks for what keeps people from reading a page, in the real browser.

use std::fs::{self, File};
use std::process::Command;

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::project::own_target;
use crate::skip::skipped;

const PACKAGE: &str = "axe-core@4.14.1";

/// The program text of axe-core.
#[derive(Debug)]
pub struct Axe(String);

impl Axe {
    /// From npm on first use, then kept in the target folder; `None`, with the reason on stderr, where npm can't get it.
    #[must_use]
    pub fn installed() -> Option<Self> {
        let folder = own_target().join("axe");
        let file = folder.join("node_modules/axe-core/axe.min.js");
        fs::create_dir_all(&folder).expect("a folder can be made");
        // Test programs run side by side.
        let lock = File::create(folder.join("lock")).expect("a file can be made");
        lock.lock().expect("the file can be locked");
        if !file.exists() {
            let mut npm = Command::new("npm");
            npm.args(["install", "--no-save", "--silent", "--prefix"]).arg(&folder).arg(PACKAGE);
            if !npm.output().is_ok_and(|output| output.status.success()) {
                skipped("npm is missing or could not get axe-core, so pages are not checked for accessibility");
                return None;
            }
        }
        Some(Self(fs::read_to_string(file).expect("npm has installed it")))
    }

    /// What it finds in the browser's page, each with the elements.
    #[must_use]
    pub fn violations(&self, browser: &mut Browser) -> Vec<String> {
        let expression = format!("{}; axe.run(document, {{ resultTypes: ['violations'] }})", self.0);
        let parameters = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let answer = browser.call("Runtime.evaluate", &parameters);
        let found = answer["result"]["value"]["violations"].as_array().unwrap_or_else(|| panic!("{answer}"));
        let targets = |violation: &Value| {
            let nodes = violation["nodes"].as_array().cloned().unwrap_or_default();
            nodes.iter().take(3).map(|node| node["html"].to_string()).collect::<Vec<_>>().join("\n  ")
        };
        found
            .iter()
            .map(|violation| format!("{}: {}\n  {}", violation["id"], violation["help"], targets(violation)))
            .collect()
    }
}

/// Shows pages as on a screen or on paper, `light` or `dark`, so many pixels wide.
pub fn look(browser: &mut Browser, media: &str, scheme: &str, width: u32) {
    let features = [json!({ "name": "prefers-color-scheme", "value": scheme })];
    browser.call("Emulation.setEmulatedMedia", &json!({ "media": media, "features": features }));
    let size = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
    browser.call("Emulation.setDeviceMetricsOverride", &size);
}

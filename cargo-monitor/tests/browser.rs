//! The report in a real browser: tooltips by pointer and by keyboard, light and dark, without JavaScript, no request.
#![forbid(unsafe_code)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::Fixture;
use common::evolution::{evolution, hostile};
use monitor_store::Outcome;
use monitor_tests::browser::Browser;
use resvg::tiny_skia::Pixmap;
use serde_json::json;

fn report(fixture: &Fixture) -> PathBuf {
    let _ = fixture.run(&["report"]).succeeded();
    fixture.folder().join("report.html")
}

fn tooltip(browser: &mut Browser) -> String {
    let text = browser.evaluate("tooltip.hidden ? '' : tooltip.innerText");
    text.as_str().expect("a text").to_owned()
}

/// The picture of what is in the window, which stays in the target folder for people to look at.
fn screenshot(browser: &mut Browser, name: &str) -> Pixmap {
    let picture = browser.screenshot();
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&file, &picture).expect("the picture can be kept");
    eprintln!("screenshot: {}", file.display());
    Pixmap::decode_png(&picture).expect("the picture is a PNG")
}

/// Part of the pixels that are like this.
fn share(picture: &Pixmap, like: fn(u8, u8, u8) -> bool) -> f64 {
    let found = picture.pixels().iter().filter(|pixel| like(pixel.red(), pixel.green(), pixel.blue())).count();
    found as f64 / picture.pixels().len() as f64
}

#[test]
fn a_hover_tells_value_commit_and_date() {
    let Some(mut browser) = Browser::start(1200, 900) else { return };
    let fixture = evolution();
    browser.open(&report(&fixture));
    assert_eq!(tooltip(&mut browser), "");
    browser.hover("#histories .run:nth-of-type(14)");
    let pointed =
        browser.evaluate("[...document.querySelectorAll('#histories svg')][0].querySelectorAll('.run.here').length");
    assert_eq!(pointed, 1, "one run is marked");
    let text = tooltip(&mut browser);
    for words in ["2026-11-", "main", "wall time: ", "memory: ", "MiB"] {
        assert!(text.contains(words), "{words:?} is missing in:\n{text}");
    }
    let picture = screenshot(&mut browser, "report-hover.png");
    assert!(share(&picture, |red, _, blue| red > 180 && blue < 80) > 0.000_5, "the red line is drawn");
    assert!(share(&picture, |red, green, blue| red < 50 && green < 55 && blue < 60) > 0.004, "the tooltip is dark");
    assert_eq!(browser.complaints(), [""; 0], "neither errors nor anything that the page's policy refused");
    assert!(browser.requests().iter().all(|url| url.starts_with("file://")), "{:?}", browser.requests());
}

#[test]
fn the_keyboard_goes_from_run_to_run() {
    let Some(mut browser) = Browser::start(1000, 800) else { return };
    let fixture = evolution();
    browser.open(&report(&fixture));
    let _ = browser.evaluate("document.querySelector('#histories svg').focus()");
    browser.press("ArrowRight");
    let first = tooltip(&mut browser);
    assert!(first.contains("2026-11-01"), "{first}");
    for _ in 0..12 {
        browser.press("ArrowRight");
    }
    let changed = tooltip(&mut browser);
    assert!(changed.contains("2026-11-13") && changed.contains("rand 0.9.0 -> 0.10.1"), "{changed}");
    browser.press("End");
    assert!(tooltip(&mut browser).contains("2026-11-24"));
    browser.press("Escape");
    assert_eq!(tooltip(&mut browser), "");
}

/// The dashed line stands between two columns; the pointer on it learns of the change, not of the run before.
#[test]
fn a_dashed_line_tells_its_change() {
    let Some(mut browser) = Browser::start(1200, 900) else { return };
    let fixture = evolution();
    browser.open(&report(&fixture));
    let over = "(() => { const mark = document.querySelector('#histories .mark'); mark.scrollIntoView({ block: 'center' }); \
                const box = mark.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]; })()";
    let middle = browser.evaluate(over);
    for side in [-3.0, 0.0, 3.0] {
        let x = middle[0].as_f64().expect("a place") + side;
        browser.call("Input.dispatchMouseEvent", &json!({ "type": "mouseMoved", "x": 5, "y": 5 }));
        browser.call("Input.dispatchMouseEvent", &json!({ "type": "mouseMoved", "x": x, "y": middle[1] }));
        let text = tooltip(&mut browser);
        assert!(text.contains("rand 0.9.0 -> 0.10.1"), "{side} pixels beside the line: {text}");
    }
}

#[test]
fn dark_where_the_system_is() {
    let Some(mut browser) = Browser::start(1000, 800) else { return };
    let fixture = evolution();
    let page = report(&fixture);
    for (scheme, wanted) in [("light", "light.png"), ("dark", "dark.png")] {
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        browser.call("Emulation.setEmulatedMedia", &media);
        browser.open(&page);
        browser.hover("#histories .run");
        let bright = share(&screenshot(&mut browser, wanted), |red, green, blue| red.min(green).min(blue) > 200);
        assert_eq!(bright > 0.5, scheme == "light", "{scheme}: {bright} of the page is bright");
    }
}

#[test]
fn without_javascript_all_is_there() {
    let Some(mut browser) = Browser::start(1000, 800) else { return };
    let fixture = evolution();
    browser.call("Emulation.setScriptExecutionDisabled", &json!({ "value": true }));
    browser.open(&report(&fixture));
    let titles = browser.evaluate("document.querySelectorAll('#histories .run > title').length");
    let runs = browser.evaluate("document.querySelectorAll('#histories .run').length");
    assert!(
        titles == runs && runs.as_u64() > Some(24),
        "each run has a tooltip of the browser's own: {titles} of {runs}"
    );
}

#[test]
fn hostile_names_do_nothing() {
    let Some(mut browser) = Browser::start(1000, 800) else { return };
    let fixture = hostile();
    browser.open(&report(&fixture));
    assert_eq!(browser.evaluate("document.images.length + document.scripts.length"), 1, "only the page's own script");
    browser.hover("#histories .run");
    let text = tooltip(&mut browser);
    assert!(text.contains("<script>alert(1)</script>"), "as text: {text}");
    assert_eq!(browser.complaints(), [""; 0]);
}

/// Large pages stay small enough to load at once. The times are printed, and depend on the machine.
#[test]
fn reports_of_many_tests_load() {
    let Some(mut browser) = Browser::start(1200, 900) else { return };
    for count in [200, 5_000] {
        let fixture = Fixture::empty();
        let names: Vec<String> = (0..count).map(|number| format!("warehouse::orders::tests::of_{number}")).collect();
        for (day, commit) in [(1, "beef01aaaa"), (2, "beef02aaaa"), (3, "beef03aaaa")] {
            let wall = |at: u32| 0.001 * f64::from(at % 97 + day);
            let rows = names.iter().zip(1..).map(|(name, at)| (name.as_str(), wall(at), 64, Outcome::Passed));
            fixture.session(day, commit, &[], &rows.collect::<Vec<_>>());
        }
        for (name, command) in [("report", &["report"][..]), ("plot", &["plot", "*", "-o", "plot.html"])] {
            let _ = fixture.run(command).succeeded();
            let page = fixture.folder().join(format!("{name}.html"));
            let bytes = fs::metadata(&page).expect("the command has written the file").len();
            browser.open(&page);
            let ms = browser.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd").as_f64();
            println!("{name} of {count} tests: {:.2} MB, {:.0} ms", bytes as f64 / 1e6, ms.expect("a number"));
            assert!(bytes < 5 << 20, "{name} of {count} tests has {bytes} bytes");
            let charts = browser.evaluate("document.querySelectorAll('figure.wide svg').length").as_u64();
            assert!(charts.is_some_and(|charts| charts >= 20), "{name} of {count} tests: {charts:?} charts");
        }
    }
}

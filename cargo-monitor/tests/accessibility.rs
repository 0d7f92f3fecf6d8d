//! The report for everybody: axe-core finds nothing on a phone and on a screen, light and dark, opened and closed; pictures of all of
//! it, and of what is printed, stay in the target folder.
#![forbid(unsafe_code)]

mod common;

use std::path::PathBuf;

use common::evolution::evolution;
use monitor_tests::axe::{Axe, look};
use monitor_tests::browser::Browser;

/// Where pictures stay.
const KEPT: &str = env!("CARGO_TARGET_TMPDIR");

fn page() -> (common::Fixture, PathBuf) {
    let fixture = evolution();
    let _ = fixture.run(&["report"]).succeeded();
    let page = fixture.folder().join("report.html");
    (fixture, page)
}

#[test]
fn axe_finds_nothing() {
    let Some(axe) = Axe::installed() else { return };
    let Some(mut browser) = Browser::start(1400, 900) else { return };
    let (_fixture, page) = page();
    for (width, scheme) in [400, 800, 1400].into_iter().flat_map(|width| [(width, "light"), (width, "dark")]) {
        look(&mut browser, "screen", scheme, width);
        browser.open(&page);
        for open in [false, true] {
            let _ = browser.evaluate(&format!("document.querySelectorAll('details').forEach(d => d.open = {open})"));
            let found = axe.violations(&mut browser);
            assert!(found.is_empty(), "{width} px, {scheme}, details open: {open}\n{}", found.join("\n"));
        }
        browser.keep(KEPT, &format!("report-{width}-{scheme}.png"));
    }
}

#[test]
fn colours_of_the_system_lose_nothing() {
    let Some(axe) = Axe::installed() else { return };
    let Some(mut browser) = Browser::start(1400, 900) else { return };
    let (_fixture, page) = page();
    let features = serde_json::json!({ "features": [{ "name": "forced-colors", "value": "active" }] });
    browser.call("Emulation.setEmulatedMedia", &features);
    browser.open(&page);
    assert_eq!(browser.evaluate("matchMedia('(forced-colors: active)').matches"), true);
    let found = axe.violations(&mut browser);
    assert!(found.is_empty(), "{}", found.join("\n"));
    // Lines and dots of a chart keep apart from what is behind them.
    let behind = "getComputedStyle(document.body).backgroundColor";
    let lost = format!(
        "[...document.querySelectorAll('#histories svg .run')].filter(c => c.checkVisibility()).filter(c => \
         [getComputedStyle(c).fill, getComputedStyle(c).stroke].every(colour => colour === {behind} || colour === 'none')).length"
    );
    assert_eq!(browser.evaluate(&lost), 0);
    browser.keep(KEPT, "report-forced-colours.png");
}

#[test]
fn on_a_phone_nothing_is_wider_than_the_screen_and_rows_are_cards() {
    let Some(mut browser) = Browser::start(400, 900) else { return };
    let (_fixture, page) = page();
    look(&mut browser, "screen", "light", 400);
    browser.open(&page);
    let _ = browser.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)");
    assert_eq!(browser.evaluate("document.documentElement.scrollWidth <= 400"), true);
    let narrow = "[...document.querySelectorAll('td, tbody th')].filter(c => c.offsetWidth < 200).length";
    assert_eq!(browser.evaluate(narrow), 0, "cells that are a few letters wide");
    // The chart of the screen is not squeezed: another is there, whose letters are as large as the page's.
    let shown = "[...document.querySelectorAll('#histories svg')].filter(c => c.checkVisibility())";
    let letters = format!("{shown}.every(c => c.getBoundingClientRect().width / c.viewBox.baseVal.width > 0.95)");
    assert_eq!(browser.evaluate(&letters), true, "charts are drawn for the width that they have");
    let apart = format!(
        "{shown}.every(c => {{ const boxes = [...c.querySelectorAll('text[transform], text[text-anchor=middle]')].map(t => \
         t.getBoundingClientRect()); return boxes.every(b => b.left >= 0 && b.right <= 400); }})"
    );
    assert_eq!(browser.evaluate(&apart), true, "labels are on the screen");
    assert_eq!(
        browser.evaluate(&format!("{shown}.length === document.querySelectorAll('#histories h3').length")),
        true
    );
    let label = browser.evaluate("getComputedStyle(document.querySelector('td[data-label]'), '::before').content");
    assert!(label.as_str().is_some_and(|label| label.len() > 4), "a value has its name beside it: {label}");
    let weights = "[...new Set([...document.querySelectorAll('td.bad')].map(c => getComputedStyle(c, '::before').fontWeight))].join()";
    assert_eq!(browser.evaluate(weights), "400", "of what is bad the value is bold, not its name");
}

#[test]
fn on_paper_all_is_light_and_open() {
    let Some(mut browser) = Browser::start(800, 900) else { return };
    let (_fixture, page) = page();
    look(&mut browser, "print", "dark", 800);
    browser.open(&page);
    assert_eq!(browser.evaluate("getComputedStyle(document.body).backgroundColor"), "rgb(255, 255, 255)");
    let _ = browser.evaluate("dispatchEvent(new Event('beforeprint'))");
    assert_eq!(browser.evaluate("[...document.querySelectorAll('details')].every(d => d.open)"), true);
    browser.keep(KEPT, "report-print.png");
}

#[test]
fn long_tables_are_sorted_and_searched() {
    let Some(mut browser) = Browser::start(1000, 900) else { return };
    let (_fixture, page) = page();
    browser.open(&page);
    let table = "[...document.querySelectorAll('table')].find(t => t.querySelector('th button'))";
    let sort = format!(
        "(() => {{ const t = {table}; t.querySelectorAll('th button')[0].click(); return t.querySelector('th').ariaSort; }})()"
    );
    assert_eq!(browser.evaluate(&sort), "descending");
    let find = format!(
        "(() => {{ const t = {table}; const f = t.parentElement.previousElementSibling; f.value = 'no such text'; \
         f.dispatchEvent(new Event('input')); return [...t.tBodies[0].rows].every(r => r.hidden); }})()"
    );
    assert_eq!(browser.evaluate(&find), true);
    assert_eq!(browser.complaints(), [""; 0]);
}

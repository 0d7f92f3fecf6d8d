//! Links lead to files and headings that exist, and the book's contents name every chapter.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use monitor_tests::markdown::{Document, anchor};
use monitor_tests::repository;

#[test]
fn every_link_leads_somewhere() {
    let documents = Document::all();
    let mut broken = Vec::new();
    for document in &documents {
        for link in document.links().into_iter().filter(|link| !link.target.contains("://")) {
            let (file, heading) = link.target.split_once('#').unwrap_or((&link.target, ""));
            let path = if file.is_empty() { document.path.clone() } else { beside(&document.path, file) };
            let target = documents.iter().find(|document| document.path == path);
            let exists = match target {
                Some(target) => heading.is_empty() || target.headings().into_iter().any(|text| anchor(text) == heading),
                None => heading.is_empty() && repository().join(&path).exists(),
            };
            if !exists {
                broken.push(format!("{}:{}: {}", document.path, link.line, link.target));
            }
        }
    }
    assert!(broken.is_empty(), "links that lead nowhere:\n{}", broken.join("\n"));
}

#[test]
fn the_contents_name_every_chapter() {
    let contents = Document::read("docs/src/SUMMARY.md");
    let named: BTreeSet<_> = contents.links().into_iter().map(|link| beside(&contents.path, &link.target)).collect();
    let chapters: BTreeSet<_> = Document::all()
        .into_iter()
        .map(|document| document.path)
        .filter(|path| path.starts_with("docs/src/") && *path != contents.path)
        .collect();
    assert_eq!(named, chapters);
}

/// The path to which `link` leads from the document at `path`.
fn beside(path: &str, link: &str) -> String {
    let joined = Path::new(path).parent().unwrap_or(Path::new("")).join(link);
    let mut normal = PathBuf::new();
    for component in joined.components() {
        match component {
            Component::ParentDir => {
                normal.pop();
            }
            Component::CurDir => {}
            other => normal.push(other),
        }
    }
    normal.display().to_string()
}

//! The documentation as the tests see it: headings, fenced blocks, tables, links.
//!
//! A comment before a block tells the tests more about it, and readers nothing: `<!-- file: src/lib.rs -->` (the block is
//! this file of the chapter's project), `<!-- not run: REASON -->`.

use std::fs;

use crate::project::repository;

/// A Markdown file of this repository.
#[derive(Debug)]
pub struct Document {
    /// Its path in the repository.
    pub path: String,
    text: String,
}

/// A fenced block.
#[derive(Debug)]
pub struct Block {
    /// Number of the line before the block's first.
    pub line: usize,
    /// First word of the info string.
    pub language: String,
    /// The other words, which commas separate.
    pub flags: Vec<String>,
    /// What the comment before the block says.
    pub note: Option<String>,
    /// The text, with a newline at its end.
    pub text: String,
}

/// A link to another place.
#[derive(Debug)]
pub struct Link {
    /// Where it is.
    pub line: usize,
    /// Where it leads.
    pub target: String,
}

impl Document {
    /// Reads the file at `path` in this repository.
    ///
    /// # Panics
    ///
    /// If it can't be read.
    #[must_use]
    pub fn read(path: &str) -> Self {
        let text = fs::read_to_string(repository().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        Self { path: path.to_owned(), text }
    }

    /// Every document: the texts at the root, the crates' readmes, the book's chapters.
    ///
    /// # Panics
    ///
    /// If a folder can't be read.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let folders = [".".to_owned(), "docs/src".to_owned()]
            .into_iter()
            .chain(names("").into_iter().filter(|name| repository().join(name).join("README.md").exists()));
        let paths = folders.flat_map(|folder| {
            let prefix = if folder == "." { String::new() } else { format!("{folder}/") };
            names(&prefix).into_iter().filter(|name| name.ends_with(".md")).map(move |name| format!("{prefix}{name}"))
        });
        paths.map(|path| Self::read(&path)).collect()
    }

    /// All of it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The fenced blocks, in order.
    ///
    /// # Panics
    ///
    /// If one has no end.
    #[must_use]
    pub fn blocks(&self) -> Vec<Block> {
        let mut blocks = Vec::new();
        let mut note = None;
        let mut lines = self.text.lines().zip(1..);
        while let Some((text, line)) = lines.next() {
            if let Some(info) = text.strip_prefix("```") {
                let mut words = info.split(',').map(|word| word.trim().to_owned());
                let inside = lines.by_ref().map(|(text, _)| text).take_while(|text| *text != "```");
                blocks.push(Block {
                    line,
                    language: words.next().unwrap_or_default(),
                    flags: words.collect(),
                    note: note.take(),
                    text: inside.flat_map(|text| [text, "\n"]).collect(),
                });
            } else if let Some(comment) = text.strip_prefix("<!-- ") {
                note = Some(comment.trim_end_matches(" -->").to_owned());
            }
        }
        assert_eq!(
            self.text.lines().filter(|line| line.starts_with("```")).count() % 2,
            0,
            "{}: open block",
            self.path
        );
        blocks
    }

    /// The headings, without what marks them.
    #[must_use]
    pub fn headings(&self) -> Vec<&str> {
        self.prose()
            .filter(|(text, _)| text.starts_with('#'))
            .map(|(text, _)| text.trim_start_matches(['#', ' ']))
            .collect()
    }

    /// The first table below a heading: its rows, without the head.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[must_use]
    pub fn table(&self, heading: &str) -> Vec<Vec<String>> {
        let is_heading = |text: &str| text.starts_with('#') && text.trim_start_matches(['#', ' ']) == heading;
        let mut lines = self.prose().map(|(text, _)| text).skip_while(|text| !is_heading(text)).skip(1);
        let rows: Vec<_> = lines
            .by_ref()
            .take_while(|text| !text.starts_with('#'))
            .skip_while(|text| !text.starts_with('|'))
            .take_while(|text| text.starts_with('|'))
            .skip(2)
            .map(cells)
            .collect();
        assert!(!rows.is_empty(), "{}: no table below {heading:?}", self.path);
        rows
    }

    /// The first column of a table, as far as it is in backquotes.
    #[must_use]
    pub fn column(&self, heading: &str) -> Vec<String> {
        self.table(heading).into_iter().map(|row| row[0].trim_matches('`').to_owned()).collect()
    }

    /// The rows of every table, heads and rules among them.
    #[must_use]
    pub fn rows(&self) -> Vec<Vec<String>> {
        self.prose().map(|(text, _)| text).filter(|text| text.starts_with('|')).map(cells).collect()
    }

    /// The links `[text](target)`.
    #[must_use]
    pub fn links(&self) -> Vec<Link> {
        let targets = |text: &str| -> Vec<String> {
            text.split("](")
                .skip(1)
                .filter_map(|rest| rest.split_once(')'))
                .map(|(target, _)| target.to_owned())
                .collect()
        };
        self.prose()
            .flat_map(|(text, line)| targets(text).into_iter().map(move |target| Link { line, target }))
            .collect()
    }

    /// Lines outside of fenced blocks, with their numbers.
    fn prose(&self) -> impl Iterator<Item = (&str, usize)> {
        let mut inside = false;
        self.text.lines().zip(1..).filter(move |(text, _)| {
            let fence = text.starts_with("```");
            inside ^= fence;
            !inside && !fence
        })
    }
}

impl Block {
    /// The path in the note `file: PATH`.
    #[must_use]
    pub fn file(&self) -> Option<&str> {
        self.note.as_deref()?.strip_prefix("file: ")
    }

    /// Whether the info string has this word.
    #[must_use]
    pub fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|known| known == flag)
    }
}

/// The cells of a table's row.
fn cells(row: &str) -> Vec<String> {
    row.trim_matches('|').split(" | ").map(|cell| cell.trim_matches([' ', '|']).to_owned()).collect()
}

/// What a heading is called in links, as mdBook and GitHub do it.
#[must_use]
pub fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|character| character.is_alphanumeric() || [' ', '-', '_'].contains(character));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

/// The names in a folder of this repository, sorted.
fn names(folder: &str) -> Vec<String> {
    let files = fs::read_dir(repository().join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    let mut names: Vec<_> = files.flatten().filter_map(|file| file.file_name().into_string().ok()).collect();
    names.sort();
    names
}

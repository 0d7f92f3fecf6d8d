//! What stands behind the address of an instruction: callgrind's file says in which line it is, not into which it was inlined.

use std::collections::{BTreeSet, HashMap};

use super::symbol::is_passed_by;

/// A function that was inlined, or the one that all were inlined into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// As the compiler names it; in some builds without its path.
    pub function: String,
    /// Its source file.
    pub file: String,
    /// The line in which it is.
    pub line: u32,
}

impl Frame {
    /// Whether it can be changed: it is not of the language.
    pub(super) fn is_own(&self) -> bool {
        self.line > 0 && !self.file.is_empty() && !is_passed_by(&self.file)
    }
}

/// The functions at each address of a program, innermost first.
#[must_use]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inlined {
    object: String,
    stacks: HashMap<u64, Vec<Frame>>,
}

impl Inlined {
    /// Of the program, as callgrind names it.
    pub fn new(object: &str, stacks: HashMap<u64, Vec<Frame>>) -> Self {
        Self { object: object.to_owned(), stacks }
    }

    /// Reads what [`Inlined::text`] has written. What it does not know it leaves out.
    pub fn parse(text: &str) -> Self {
        let (object, lines) = text.split_once('\n').unwrap_or((text, ""));
        let stack = |line: &str| {
            let mut fields = line.split('\t');
            let address = address(fields.next()?)?;
            let mut frames = Vec::new();
            while let (Some(function), Some(file), Some(line)) = (fields.next(), fields.next(), fields.next()) {
                frames.push(Frame {
                    function: function.to_owned(),
                    file: file.to_owned(),
                    line: line.parse().unwrap_or(0),
                });
            }
            Some((address, frames))
        };
        Self::new(object, lines.lines().filter_map(stack).collect())
    }

    /// The program in the first line, then an address and its functions in each.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!("{}\n", self.object);
        for (address, frames) in &self.stacks {
            text.push_str(&format!("{address:#x}"));
            for Frame { function, file, line } in frames {
                text.push_str(&format!("\t{function}\t{file}\t{line}"));
            }
            text.push('\n');
        }
        text
    }

    /// The functions at an address of a program or library, innermost first; none if that is not known.
    pub(super) fn at(&self, object: &str, address: Option<u64>) -> &[Frame] {
        let stack = address.filter(|_| object == self.object).and_then(|address| self.stacks.get(&address));
        stack.map_or(&[], Vec::as_slice)
    }
}

/// The addresses in a program for which callgrind, told `--dump-instr=yes --compress-pos=no`, has counted something.
#[must_use]
pub fn addresses(dump: &str, object: &str) -> BTreeSet<u64> {
    let mut number = None;
    let mut is_within = false;
    let mut addresses = BTreeSet::new();
    for line in dump.lines() {
        if let Some(name) = line.strip_prefix("ob=").or_else(|| line.strip_prefix("cob=")) {
            let (short, long) = name.split_once(' ').unwrap_or((name, ""));
            if long == object {
                number = Some(short);
            }
            if line.starts_with("ob=") {
                is_within = number == Some(short);
            }
        } else if is_within && let Some(found) = line.split(' ').next().and_then(address) {
            addresses.insert(found);
        }
    }
    addresses
}

/// `0x14040`.
pub(super) fn address(text: &str) -> Option<u64> {
    u64::from_str_radix(text.strip_prefix("0x")?, 16).ok()
}

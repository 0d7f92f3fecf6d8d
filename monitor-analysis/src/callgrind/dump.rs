//! Callgrind's file (<https://valgrind.org/docs/manual/cl-format.html>), as far as callgrind writes it when it counts instructions
//! by lines.

use std::collections::{BTreeMap, HashMap};

use super::symbol::{package_of, without_hash};

/// One dump.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dump {
    /// By the name in callgrind's file; of older compilers' names the hash tells instances of a generic function apart.
    pub functions: BTreeMap<String, Function>,
    /// Instructions in all.
    pub total: u64,
}

/// What was counted of a function.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Function {
    /// The program or library that it is in.
    pub object: String,
    /// Instructions of its own by file and line, those of what was inlined into it included.
    pub lines: BTreeMap<(String, u32), u64>,
    /// By the name of the function called: how often, and the instructions spent below.
    pub calls: BTreeMap<String, (u64, u64)>,
}

impl Function {
    /// Instructions of its own.
    #[must_use]
    pub fn own(&self) -> u64 {
        self.lines.values().sum()
    }

    /// Where it stands: the line of its most expensive code that is not of the language.
    #[must_use]
    pub fn place(&self) -> Option<(&str, u32)> {
        let is_own = |file: &str| package_of(file) != "std" && file != "???" && !file.is_empty();
        let lines = || self.lines.iter().filter(|((file, line), _)| is_own(file) && *line > 0);
        let ((file, line), _) = lines().max_by_key(|(_, cost)| **cost)?;
        Some((file, *line))
    }
}

impl Dump {
    /// Reads a dump. What it does not know it leaves out: a damaged file gives smaller numbers, never a panic.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Reader::default().read(text)
    }

    /// The same with all instances of a function as one, by the name without a hash, which is the same in every build.
    #[must_use]
    pub fn by_name(&self) -> Self {
        let mut functions: BTreeMap<String, Function> = BTreeMap::new();
        for (name, function) in &self.functions {
            let sum = functions.entry(without_hash(name).to_owned()).or_default();
            sum.object.clone_from(&function.object);
            for (place, cost) in &function.lines {
                *sum.lines.entry(place.clone()).or_default() += cost;
            }
            for (called, (times, below)) in &function.calls {
                let call = sum.calls.entry(without_hash(called).to_owned()).or_default();
                *call = (call.0 + times, call.1 + below);
            }
        }
        Self { functions, total: self.total }
    }
}

#[derive(Default)]
struct Reader<'t> {
    objects: HashMap<&'t str, &'t str>,
    files: HashMap<&'t str, &'t str>,
    names: HashMap<&'t str, &'t str>,
    object: &'t str,
    /// Of the function.
    file: &'t str,
    /// Of the code that is inlined there.
    inlined: &'t str,
    function: String,
    called: String,
    line: u32,
}

impl<'t> Reader<'t> {
    fn read(mut self, text: &'t str) -> Dump {
        let mut dump = Dump::default();
        // Calls of the call line before.
        let mut calls: Option<u64> = None;
        for line in text.lines() {
            if line.starts_with(|first: char| first.is_ascii_digit() || ['+', '-', '*'].contains(&first)) {
                let Some(cost) = self.cost(line) else { continue };
                let object = self.object;
                let function = dump
                    .functions
                    .entry(self.function.clone())
                    .or_insert_with(|| Function { object: object.to_owned(), ..Function::default() });
                match calls.take() {
                    Some(count) => {
                        let (times, below) = function.calls.entry(self.called.clone()).or_default();
                        *times += count;
                        *below += cost;
                    }
                    None => *function.lines.entry((self.inlined.to_owned(), self.line)).or_default() += cost,
                }
                continue;
            }
            if let Some(total) = line.strip_prefix("totals: ") {
                dump.total = total.trim().parse().unwrap_or(0);
                continue;
            }
            let Some((key, value)) = line.split_once('=') else { continue };
            match key {
                "ob" => self.object = name(&mut self.objects, value),
                // The names must be known later.
                "cob" => drop(name(&mut self.objects, value)),
                "fl" => {
                    self.file = name(&mut self.files, value);
                    self.inlined = self.file;
                }
                "fi" | "fe" => self.inlined = name(&mut self.files, value),
                "cfi" | "cfl" => drop(name(&mut self.files, value)),
                "fn" => {
                    self.function = name(&mut self.names, value).to_owned();
                    self.inlined = self.file;
                }
                "cfn" => self.called = name(&mut self.names, value).to_owned(),
                "calls" => calls = value.split(' ').next().and_then(|count| count.parse().ok()),
                _ => {}
            }
        }
        if dump.total == 0 {
            dump.total = dump.functions.values().map(Function::own).sum();
        }
        dump
    }

    /// The cost of a line, whose position becomes the current one.
    fn cost(&mut self, line: &str) -> Option<u64> {
        let (position, cost) = line.split_once(' ')?;
        self.line = match position.as_bytes().first()? {
            b'*' => self.line,
            b'+' => self.line.wrapping_add(position[1..].parse().ok()?),
            b'-' => self.line.wrapping_sub(position[1..].parse().ok()?),
            _ => position.parse().ok()?,
        };
        cost.trim().parse().ok()
    }
}

/// The name of `(number) name` or of `(number)`.
fn name<'t>(known: &mut HashMap<&'t str, &'t str>, value: &'t str) -> &'t str {
    let Some((number, name)) = value.strip_prefix('(').and_then(|rest| rest.split_once(')')) else { return value };
    match name.strip_prefix(' ') {
        Some(name) => {
            known.insert(number, name);
            name
        }
        None => known.get(number).copied().unwrap_or("???"),
    }
}

//! Callgrind's file (<https://valgrind.org/docs/manual/cl-format.html>), as far as callgrind writes it when it counts instructions
//! by lines.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::inlined::{Frame, Inlined, address};
use super::symbol::{is_of_language, is_passed_by, without_hash};

/// One dump.
#[must_use]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dump {
    /// By the name in callgrind's file. In names of older compilers a hash tells instances of a generic function apart.
    pub functions: BTreeMap<String, Function>,
    /// All instructions of the program, as callgrind states them.
    pub total: u64,
    /// The function of a line, where it is known which were inlined.
    pub names: BTreeMap<(String, u32), String>,
}

/// What was counted of a function.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Function {
    /// The program or library that it is in.
    pub object: String,
    /// Instructions of its own by file and line, those of what was inlined into it included.
    pub lines: BTreeMap<(String, u32), u64>,
    /// By file and line: the instructions that go through it, of what is inlined there and of what it calls too. Lines of the
    /// language are left out.
    pub through: BTreeMap<(String, u32), u64>,
    /// By the name of the function called: how often, and the instructions spent below.
    pub calls: BTreeMap<String, (u64, u64)>,
}

impl Function {
    /// Instructions of its own.
    #[must_use]
    pub fn own(&self) -> u64 {
        self.lines.values().sum()
    }

    /// File and line of its most expensive code that does not belong to the language's library.
    #[must_use]
    pub fn place(&self) -> Option<(&str, u32)> {
        let is_own = |file: &str| !is_passed_by(file) && file != "???" && !file.is_empty();
        let lines = || self.lines.iter().filter(|((file, line), _)| is_own(file) && *line > 0);
        let ((file, line), _) = lines().max_by_key(|(_, cost)| **cost)?;
        Some((file, *line))
    }
}

impl Dump {
    /// Reads a dump. Lines that it does not know are ignored: a damaged file gives smaller numbers, never a panic.
    pub fn parse(text: &str) -> Self {
        Self::parse_inlined(text, &Inlined::default())
    }

    /// As [`Dump::parse`], of a dump with addresses: what is inlined from the language counts for the line that it is inlined into.
    pub fn parse_inlined(text: &str, inlined: &Inlined) -> Self {
        Reader::new(inlined).read(text)
    }

    /// The same with all instances of a function joined, under the name without a hash, which is the same in every build.
    pub fn by_name(&self) -> Self {
        let mut functions: BTreeMap<String, Function> = BTreeMap::new();
        for (name, function) in &self.functions {
            let sum = functions.entry(without_hash(name).to_owned()).or_default();
            sum.object.clone_from(&function.object);
            for (place, cost) in &function.lines {
                *sum.lines.entry(place.clone()).or_default() += cost;
            }
            for (place, cost) in &function.through {
                *sum.through.entry(place.clone()).or_default() += cost;
            }
            for (called, (times, below)) in &function.calls {
                let call = sum.calls.entry(without_hash(called).to_owned()).or_default();
                *call = (call.0 + times, call.1 + below);
            }
        }
        Self { functions, total: self.total, names: self.names.clone() }
    }
}

struct Reader<'t> {
    inlined_at: &'t Inlined,
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
    has_addresses: bool,
    address: Option<u64>,
    line: u32,
    /// By functions of the language: the other functions that all else was inlined into, with what they cost.
    bodies: BTreeMap<String, BTreeMap<&'t str, u64>>,
}

impl<'t> Reader<'t> {
    fn new(inlined_at: &'t Inlined) -> Self {
        Self {
            inlined_at,
            objects: HashMap::new(),
            files: HashMap::new(),
            names: HashMap::new(),
            object: "",
            file: "",
            inlined: "",
            function: String::new(),
            called: String::new(),
            has_addresses: false,
            address: None,
            line: 0,
            bodies: BTreeMap::new(),
        }
    }

    fn read(mut self, text: &'t str) -> Dump {
        let mut dump = Dump::default();
        // Calls of the call line before.
        let mut calls: Option<u64> = None;
        for line in text.lines() {
            if line.starts_with(|first: char| first.is_ascii_digit() || ['+', '-', '*'].contains(&first)) {
                if let Some(cost) = self.cost(line) {
                    self.add(&mut dump, cost, calls.take());
                }
                continue;
            }
            if let Some(total) = line.strip_prefix("totals: ") {
                dump.total = total.trim().parse().unwrap_or(0);
                continue;
            }
            if let Some(positions) = line.strip_prefix("positions: ") {
                self.has_addresses = positions.starts_with("instr");
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
        self.name_roots(&mut dump);
        dump
    }

    /// Adds the cost of the current position; of a call, that of what was called.
    fn add(&mut self, dump: &mut Dump, cost: u64, calls: Option<u64>) {
        let stack = self.inlined_at.at(self.object, self.address);
        let own = || stack.iter().filter(|frame| frame.is_own());
        let object = self.object;
        let function = dump
            .functions
            .entry(self.function.clone())
            .or_insert_with(|| Function { object: object.to_owned(), ..Function::default() });
        let place = match own().next() {
            Some(frame) => (frame.file.clone(), frame.line),
            None => (self.inlined.to_owned(), self.line),
        };
        match calls {
            Some(count) => {
                let (times, below) = function.calls.entry(self.called.clone()).or_default();
                *times += count;
                *below += cost;
            }
            None => *function.lines.entry(place.clone()).or_default() += cost,
        }
        // What it calls itself for went through its lines already.
        let counts = calls.is_none() || self.called != self.function;
        if counts && stack.is_empty() && place.1 > 0 && !is_passed_by(&place.0) && place.0 != "???" {
            *function.through.entry(place).or_default() += cost;
        }
        for Frame { function: name, file, line } in own() {
            let place = (file.clone(), *line);
            if counts {
                *function.through.entry(place.clone()).or_default() += cost;
            }
            dump.names.entry(place).or_insert_with(|| name.clone());
        }
        if calls.is_none()
            && let Some(outermost) = own().rev().find(|frame| !frame.function.starts_with('{'))
        {
            *self.bodies.entry(self.function.clone()).or_default().entry(&outermost.function).or_default() += cost;
        }
    }

    /// A body that was inlined into what starts it is not the language's.
    fn name_roots(&self, dump: &mut Dump) {
        let called: BTreeSet<&String> = dump
            .functions
            .iter()
            .flat_map(|(by, function)| function.calls.keys().filter(move |called| *called != by))
            .collect();
        let is_of_language = |name: &str, object: &str| is_of_language(without_hash(name), object, "/rustc/");
        let roots: Vec<(String, String)> = self
            .bodies
            .iter()
            .filter(|(name, _)| {
                dump.functions.get(*name).is_some_and(|function| is_of_language(name, &function.object))
            })
            .filter(|(name, _)| !called.contains(name))
            .filter_map(|(name, bodies)| {
                Some((name.clone(), (*bodies.iter().max_by_key(|(_, cost)| **cost)?.0).to_owned()))
            })
            .filter(|(_, body)| !dump.functions.contains_key(body))
            .collect();
        for (name, body) in roots {
            if let Some(function) = dump.functions.remove(&name) {
                dump.functions.entry(body).or_insert(function);
            }
        }
    }

    /// The cost of a line, whose position becomes the current one.
    fn cost(&mut self, line: &str) -> Option<u64> {
        let mut fields = line.split_ascii_whitespace();
        if self.has_addresses {
            self.address = address(fields.next()?);
        }
        let position = fields.next()?;
        self.line = match position.as_bytes().first()? {
            b'*' => self.line,
            b'+' => self.line.wrapping_add(position[1..].parse().ok()?),
            b'-' => self.line.wrapping_sub(position[1..].parse().ok()?),
            _ => position.parse().ok()?,
        };
        fields.next()?.parse().ok()
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

//! Which functions are inlined where in a test binary, as its debug information tells.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;

use addr2line::gimli::{Dwarf, DwarfSections, EndianSlice, RunTimeEndian, SectionId};
use addr2line::{Context, demangle_auto};
use anyhow::Context as _;
use monitor_analysis::callgrind::{Frame, Inlined, addresses};
use object::{Object as _, ObjectSection as _};

/// The functions at each address of the binary for which the dump has a cost.
///
/// # Errors
///
/// If the binary cannot be read, or has no debug information.
pub(super) fn inlined(dump: &str, binary: &Path) -> anyhow::Result<Inlined> {
    let binary = binary.canonicalize().with_context(|| format!("cannot find {}", binary.display()))?;
    let name = binary.to_string_lossy();
    let bytes = std::fs::read(&binary).with_context(|| format!("cannot read {name}"))?;
    let file = object::File::parse(bytes.as_slice())?;
    let endian = if file.is_little_endian() { RunTimeEndian::Little } else { RunTimeEndian::Big };
    let section = |id: SectionId| -> object::Result<Cow<'_, [u8]>> {
        file.section_by_name(id.name()).map_or(Ok(Cow::default()), |section| section.uncompressed_data())
    };
    let sections = DwarfSections::load(section)?;
    let dwarf: Dwarf<EndianSlice<'_, RunTimeEndian>> = sections.borrow(|section| EndianSlice::new(section, endian));
    let context = Context::from_dwarf(dwarf)?;
    let mut stacks = HashMap::new();
    for address in addresses(dump, &name) {
        let mut stack = Vec::new();
        let mut frames = context.find_frames(address).skip_all_loads()?;
        while let Some(frame) = frames.next()? {
            let Some(place) = frame.location else { continue };
            let function = frame
                .function
                .as_ref()
                .and_then(|function| Some(demangle_auto(function.raw_name().ok()?, function.language).into_owned()));
            stack.push(Frame {
                function: function.map(|name| plain(&name)).unwrap_or_default(),
                file: place.file.unwrap_or_default().to_owned(),
                line: place.line.unwrap_or(0),
            });
        }
        stacks.insert(address, stack);
    }
    Ok(Inlined::new(&name, stacks))
}

/// Without a hash, and without generic parameters where there is no path: `run<alloc::string::String>` as `run`.
fn plain(name: &str) -> String {
    let name = without_hash(name);
    match name.split_once('<') {
        Some((before, _)) if !before.is_empty() && !before.contains("::") => before.to_owned(),
        _ => name,
    }
}

/// Without what tells two versions of a crate apart: `demo[0123456789abcdef]::f` and `demo::f::h0123456789abcdef` as `demo::f`.
fn without_hash(name: &str) -> String {
    let is_hash = |text: &str| text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let name = match name.rsplit_once("::h") {
        Some((before, hash)) if is_hash(hash) => before,
        _ => name,
    };
    let mut parts = name.split('[');
    let mut clean = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once(']') {
            Some((hash, rest))
                if (1..=16).contains(&hash.len()) && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) =>
            {
                clean.push_str(rest);
            }
            _ => {
                clean.push('[');
                clean.push_str(part);
            }
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn names_are_the_same_in_every_build() {
        assert_eq!(plain("demo::f::h0123456789abcdef"), "demo::f");
        assert_eq!(plain("<demo[1a2b3c4d5e6f7081]::A as core[00]::B>::c"), "<demo::A as core::B>::c");
        assert_eq!(plain("run<alloc::string::String>"), "run");
        assert_eq!(plain("{closure#2}<&demo::Graph, f64>"), "{closure#2}");
        assert_eq!(plain("demo::f::<[u8; 4]>"), "demo::f::<[u8; 4]>");
    }
}

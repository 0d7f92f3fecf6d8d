//! The text of a file, in whatever encoding it says it is.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// A file's text without its byte order mark, and the encoding's name if some of it could not be read.
pub(super) fn decode(bytes: &[u8]) -> (Cow<'_, str>, Option<&'static str>) {
    if let Some((little, mark)) = utf_32(bytes) {
        return from_utf_32(&bytes[mark..], little);
    }
    let (encoding, mark) = Encoding::for_bom(bytes).unwrap_or_else(|| (without_mark(bytes), 0));
    let (text, is_damaged) = encoding.decode_without_bom_handling(&bytes[mark..]);
    (text, is_damaged.then_some(encoding.name()))
}

/// Whether a text is UTF-32, and then whether its bytes are from low to high, and how long its mark is.
fn utf_32(bytes: &[u8]) -> Option<(bool, usize)> {
    match bytes {
        [0xff, 0xfe, 0, 0, ..] => Some((true, 4)),
        [0, 0, 0xfe, 0xff, ..] => Some((false, 4)),
        [b'<' | b'{' | b'[', 0, 0, 0, ..] => Some((true, 0)),
        [0, 0, 0, b'<' | b'{' | b'[', ..] => Some((false, 0)),
        _ => None,
    }
}

/// UTF-32, which the web's encodings are without.
fn from_utf_32(bytes: &[u8], little: bool) -> (Cow<'_, str>, Option<&'static str>) {
    let number = if little { u32::from_le_bytes } else { u32::from_be_bytes };
    let (characters, rest) = bytes.as_chunks::<4>();
    let mut is_damaged = !rest.is_empty();
    let text: String = characters
        .iter()
        .map(|bytes| {
            let read = char::from_u32(number(*bytes));
            is_damaged |= read.is_none();
            read.unwrap_or(char::REPLACEMENT_CHARACTER)
        })
        .collect();
    (text.into(), is_damaged.then_some("UTF-32"))
}

/// Whether bytes can be text: UTF-16 by its mark or as XML, or else without a byte 0, which programs and pictures begin with.
pub(super) fn is_text(bytes: &[u8]) -> bool {
    const BEGINNING: usize = 4096;
    if utf_32(bytes).is_some() {
        return true;
    }
    let encoding = Encoding::for_bom(bytes).map_or_else(|| without_mark(bytes), |(encoding, _)| encoding);
    !encoding.is_ascii_compatible() || !bytes[..bytes.len().min(BEGINNING)].contains(&0)
}

/// XML's rules (Extensible Markup Language 1.0, appendix F): the first characters, then the declaration.
fn without_mark(bytes: &[u8]) -> &'static Encoding {
    match bytes {
        [b'<', 0, ..] => UTF_16LE,
        [0, b'<', ..] => UTF_16BE,
        // Who can read the declaration byte by byte has no UTF-16 before them, whatever it says.
        _ => declared(bytes).filter(|encoding| encoding.is_ascii_compatible()).unwrap_or(UTF_8),
    }
}

/// The encoding that an XML declaration names.
fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let declaration = bytes.strip_prefix(b"<?xml")?;
    let declaration = &declaration[..declaration.windows(2).position(|end| end == b"?>")?];
    let (_, value) = str::from_utf8(declaration).ok()?.split_once("encoding")?;
    let label = value.trim_start().strip_prefix('=')?.trim_start();
    let quote = label.chars().next().filter(|quote| ['"', '\''].contains(quote))?;
    Encoding::for_label(label[1..].split(quote).next()?.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_and_declarations_are_believed_and_impossible_ones_not() {
        let utf16 = |text: &str, mark: bool| -> Vec<u8> {
            let mark = if mark { "\u{feff}" } else { "" };
            format!("{mark}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect()
        };
        let cases: [(Vec<u8>, &str); 7] = [
            (b"caf\xc3\xa9".to_vec(), "café"),
            (b"\xef\xbb\xbfcaf\xc3\xa9".to_vec(), "café"),
            (utf16("BenchmarkFoo é", true), "BenchmarkFoo é"),
            (utf16("<a é='1'/>", false), "<a é='1'/>"),
            (b"<?xml version='1.0' encoding = 'ISO-8859-1' ?><caf\xe9/>".to_vec(), "café"),
            (b"<?xml version=\"1.0\" encoding=\"windows-1251\"?><\xcf/>".to_vec(), "П"),
            (b"<?xml version=\"1.0\" encoding=\"utf-16\"?><caf\xc3\xa9/>".to_vec(), "café"),
        ];
        for (bytes, expected) in cases {
            let (text, damage) = decode(&bytes);
            assert!(text.contains(expected) && damage.is_none(), "{text}");
        }
        let utf32 = |bytes: fn(u32) -> [u8; 4], text: &str| -> Vec<u8> {
            text.chars().flat_map(|c| bytes(u32::from(c))).collect()
        };
        for text in ["\u{feff}BenchmarkFoo é", "<a é='1'/>", "[{\"é\": 1}]"] {
            for bytes in [utf32(u32::to_le_bytes, text), utf32(u32::to_be_bytes, text)] {
                assert!(is_text(&bytes));
                assert_eq!(decode(&bytes), (text.trim_start_matches('\u{feff}').into(), None));
                assert_eq!(decode(&bytes[..bytes.len() - 1]).1, Some("UTF-32"));
            }
        }
        assert_eq!(decode(b"caf\xe9").1, Some("UTF-8"));
        assert!(is_text(&utf16("BenchmarkFoo", true)) && is_text(&utf16("<a/>", false)) && is_text(b"caf\xe9"));
        assert!(!is_text(b"\x7fELF\x02\x01\x01\0"));
    }
}

//! Structures of Thrift's compact protocol, in which Parquet writes what it says of itself.
//!
//! <https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md>

/// Types of fields and of what is in lists.
const I32: u8 = 5;
const I64: u8 = 6;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const STRUCT: u8 = 12;

/// A structure, field by field in the order of their numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct Struct {
    bytes: Vec<u8>,
    last: u8,
}

impl Struct {
    pub(super) fn i32(mut self, field: u8, value: i32) -> Self {
        self.header(field, I32);
        zigzag(&mut self.bytes, value.into());
        self
    }

    pub(super) fn i64(mut self, field: u8, value: i64) -> Self {
        self.header(field, I64);
        zigzag(&mut self.bytes, value);
        self
    }

    pub(super) fn text(mut self, field: u8, text: &str) -> Self {
        self.header(field, BINARY);
        binary(&mut self.bytes, text);
        self
    }

    pub(super) fn structure(mut self, field: u8, value: Self) -> Self {
        self.header(field, STRUCT);
        self.bytes.extend(value.finish());
        self
    }

    pub(super) fn structures(mut self, field: u8, values: Vec<Self>) -> Self {
        self.list(field, STRUCT, values.len());
        for value in values {
            self.bytes.extend(value.finish());
        }
        self
    }

    pub(super) fn i32s(mut self, field: u8, values: &[i32]) -> Self {
        self.list(field, I32, values.len());
        for value in values {
            zigzag(&mut self.bytes, (*value).into());
        }
        self
    }

    pub(super) fn texts(mut self, field: u8, texts: &[&str]) -> Self {
        self.list(field, BINARY, texts.len());
        for text in texts {
            binary(&mut self.bytes, text);
        }
        self
    }

    /// The bytes, with the mark of the end.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.bytes.push(0);
        self.bytes
    }

    /// A field begins: how far its number is from the last one's, and its type.
    fn header(&mut self, field: u8, kind: u8) {
        self.bytes.push((field - self.last) << 4 | kind);
        self.last = field;
    }

    fn list(&mut self, field: u8, kind: u8, length: usize) {
        const LONG: u8 = 15;
        self.header(field, LIST);
        match u8::try_from(length) {
            Ok(short) if short < LONG => self.bytes.push(short << 4 | kind),
            _ => {
                self.bytes.push(LONG << 4 | kind);
                varint(&mut self.bytes, length as u64);
            }
        }
    }
}

fn binary(bytes: &mut Vec<u8>, text: &str) {
    varint(bytes, text.len() as u64);
    bytes.extend(text.as_bytes());
}

/// Small numbers of either sign in few bytes.
fn zigzag(bytes: &mut Vec<u8>, value: i64) {
    varint(bytes, ((value << 1) ^ (value >> 63)) as u64);
}

/// Seven bits in each byte, the lowest first; the highest bit says that more follow.
pub(super) fn varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_the_specification_says() {
        let coded = |value| Struct::default().i64(1, value).finish();
        assert_eq!(coded(0), [0x16, 0, 0]);
        assert_eq!(coded(-1), [0x16, 1, 0]);
        assert_eq!(coded(1), [0x16, 2, 0]);
        assert_eq!(coded(150), [0x16, 0xac, 0x02, 0]);
        let mut bytes = Vec::new();
        varint(&mut bytes, 300);
        assert_eq!(bytes, [0xac, 0x02]);
    }

    #[test]
    fn fields_are_numbered_by_their_distance() {
        let inner = Struct::default().text(4, "ab");
        let bytes = Struct::default().i32(1, 1).structure(3, inner).i32s(5, &[0, 3]).finish();
        assert_eq!(bytes, [0x15, 2, 0x2c, 0x48, 2, b'a', b'b', 0, 0x29, 0x25, 0, 6, 0]);
    }
}

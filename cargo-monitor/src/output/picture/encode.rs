//! Pixels as PNG: <https://www.w3.org/TR/png/>.

use std::io::Write as _;

use anyhow::Context as _;
use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// Eight bits for each of red, green and blue; the only compression and filtering there are; not interlaced.
const FORMAT: [u8; 5] = [8, 2, 0, 0, 0];

/// The filter of a row that is written as its difference to the row above.
const UP: u8 = 2;

/// The picture of rows of red, green and blue.
pub(super) fn png(width: usize, height: usize, pixels: &[u8]) -> anyhow::Result<Vec<u8>> {
    let side = |pixels: usize| u32::try_from(pixels).map(u32::to_be_bytes).context("the picture is too large");
    let header = [&side(width)?[..], &side(height)?, &FORMAT].concat();
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
    let mut above = vec![0; width * 3];
    for row in pixels.chunks_exact(width * 3) {
        let differences: Vec<u8> = row.iter().zip(&above).map(|(here, above)| here.wrapping_sub(*above)).collect();
        packed.write_all(&[UP])?;
        packed.write_all(&differences)?;
        above.copy_from_slice(row);
    }
    let mut file = SIGNATURE.to_vec();
    for (kind, data) in [(b"IHDR", header), (b"IDAT", packed.finish()?), (b"IEND", Vec::new())] {
        let length = u32::try_from(data.len()).context("the picture is too large")?;
        let mut sum = Crc::new();
        sum.update(kind);
        sum.update(&data);
        file.extend(length.to_be_bytes());
        file.extend(kind);
        file.extend(data);
        file.extend(sum.sum().to_be_bytes());
    }
    Ok(file)
}

//! The body of a request: read within limits of size and time, decompressed within limits of size.

use std::io::{self, Read as _};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt as _;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{FrameDecoder, StreamingDecoder};
use tokio::select;
use tokio::time::timeout;

use crate::cli::Options;
use crate::error::Problem;
use crate::state::Shared;

/// How long a body may take.
const WHOLE: Duration = Duration::from_secs(600);
/// What some programs put before a text in UTF-8.
const MARK: &[u8] = "\u{feff}".as_bytes();
/// The window that a zstd frame may ask for: more is for archives.
const WINDOW: u64 = 8 << 20;

/// Reads a body, and undoes its `Content-Encoding`.
///
/// # Errors
///
/// If it is too long, too slow, or not compressed as it says, or the server ends before it is whole.
pub async fn read(headers: &HeaderMap, body: Body, state: &Shared) -> Result<Vec<u8>, Problem> {
    let slow = || Problem::new(StatusCode::REQUEST_TIMEOUT, "the body came too slowly");
    let options = &state.options;
    let bytes = select! {
        bytes = timeout(WHOLE, collect(body, options)) => bytes.map_err(|_| slow())??,
        () = state.waits_no_longer() => return Err(Problem::later("the server ends")),
    };
    let encoding = headers.get(header::CONTENT_ENCODING).map_or("identity", |value| value.to_str().unwrap_or("?"));
    let limit = 8 * options.max_body;
    let mut bytes = match encoding.trim().to_ascii_lowercase().as_str() {
        "" | "identity" => bytes,
        "gzip" | "x-gzip" => decompress(move || gzip(&bytes, limit), limit).await?,
        "zstd" => decompress(move || zstd(&bytes, limit), limit).await?,
        other => {
            let message = format!("Content-Encoding {other:?} is not known: send gzip, zstd or none");
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
        }
    };
    if bytes.starts_with(MARK) {
        bytes.drain(..MARK.len());
    }
    if matches!(bytes[..], [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [_, 0, ..] | [0, _, ..]) {
        return Err(Problem::bad("the body is UTF-16 or UTF-32: send UTF-8"));
    }
    Ok(bytes)
}

async fn collect(mut body: Body, options: &Options) -> Result<Vec<u8>, Problem> {
    let slow = || Problem::new(StatusCode::REQUEST_TIMEOUT, "the body came too slowly");
    let (mut bytes, limit) = (Vec::new(), options.max_body);
    while let Some(frame) = timeout(options.client_timeout, body.frame()).await.map_err(|_| slow())? {
        let frame = frame.map_err(|error| Problem::bad(format!("the body ends too early: {error}")))?;
        let data: Bytes = frame.into_data().unwrap_or_default();
        if bytes.len() + data.len() > limit {
            return Err(too_large(limit));
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

async fn decompress(
    work: impl FnOnce() -> io::Result<Vec<u8>> + Send + 'static,
    limit: usize,
) -> Result<Vec<u8>, Problem> {
    let bytes = tokio::task::spawn_blocking(work).await.map_err(|error| Problem::bad(error.to_string()))?;
    let bytes = bytes.map_err(|error| Problem::bad(format!("the body can't be decompressed: {error}")))?;
    if bytes.len() > limit { Err(too_large(limit)) } else { Ok(bytes) }
}

fn gzip(compressed: &[u8], limit: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    flate2::bufread::MultiGzDecoder::new(compressed).take(limit as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Every frame: there may be several, and some that are to be skipped.
fn zstd(mut compressed: &[u8], limit: usize) -> io::Result<Vec<u8>> {
    let (mut bytes, mut decoder) = (Vec::new(), FrameDecoder::new());
    decoder.set_max_window_size(WINDOW);
    while !compressed.is_empty() && bytes.len() <= limit {
        match StreamingDecoder::new_with_decoder(&mut compressed, &mut decoder) {
            Ok(frame) => {
                frame.take((limit + 1 - bytes.len()) as u64).read_to_end(&mut bytes)?;
            }
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                compressed = compressed.get(length as usize..).ok_or(io::ErrorKind::UnexpectedEof)?;
            }
            Err(error) => return Err(io::Error::other(error.to_string())),
        }
    }
    Ok(bytes)
}

fn too_large(limit: usize) -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, format!("the body has more than {limit} bytes"))
}

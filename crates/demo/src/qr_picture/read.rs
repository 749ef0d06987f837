//! From a picture back to the text of an invitation.

use std::io::Cursor;

use image::{DynamicImage, GrayImage, ImageReader, Limits, Luma, imageops};
use rqrr::PreparedImage;

/// Largest image file, in bytes. Screenshots of large screens stay below.
pub const MAX_IMAGE_FILE: usize = 32 * 1024 * 1024;
/// Largest width and height of an image, in pixels.
pub const MAX_IMAGE_SIDE: u32 = 8192;
/// Longest line of a terminal, in characters.
pub const MAX_TERMINAL_COLUMNS: usize = 1000;
/// Most lines of a terminal.
pub const MAX_TERMINAL_LINES: usize = 1000;

/// Why no invitation was read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The image is larger than [`MAX_IMAGE_FILE`] or [`MAX_IMAGE_SIDE`], or needs too much memory.
    #[error(
        "the image is too large (at most {MAX_IMAGE_SIDE} by {MAX_IMAGE_SIDE} pixels and {} MiB)",
        MAX_IMAGE_FILE / (1024 * 1024)
    )]
    ImageTooLarge,
    /// The text is larger than [`MAX_TERMINAL_COLUMNS`] by [`MAX_TERMINAL_LINES`].
    #[error(
        "the text is too large (at most {MAX_TERMINAL_LINES} lines of {MAX_TERMINAL_COLUMNS} characters)"
    )]
    TextTooLarge,
    /// The bytes are not a PNG or JPEG file, or a broken one.
    #[error("this is not a readable PNG or JPEG image")]
    NotAnImage(#[source] image::ImageError),
    /// There is no QR code in the picture.
    #[error("there is no QR code in the picture: show all of it, with the light edge around it")]
    NoQrCode,
    /// A QR code was seen but its content could not be read.
    #[error("the QR code cannot be read: take a sharper or larger picture")]
    Damaged(#[source] rqrr::DeQRError),
    /// There are QR codes, but none starts with `FIDO:/`.
    #[error("the QR code is not a passkey invitation (it does not start with FIDO:/)")]
    NotAnInvitation,
    /// There are several different invitations; which one was meant is for a person to say.
    #[error("there are several passkey invitations in the picture: show only one")]
    SeveralInvitations,
}

/// Reads the invitation in a PNG or JPEG image. Other QR codes in it are passed over.
///
/// # Errors
/// See [`ReadError`].
pub fn read_image(file: &[u8]) -> Result<String, ReadError> {
    if file.len() > MAX_IMAGE_FILE {
        return Err(ReadError::ImageTooLarge);
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_IMAGE_SIDE);
    limits.max_image_height = Some(MAX_IMAGE_SIDE);
    limits.max_alloc = Some(MAX_DECODER_MEMORY);
    let mut reader = ImageReader::new(Cursor::new(file))
        .with_guessed_format()
        .map_err(|error| ReadError::NotAnImage(error.into()))?;
    reader.limits(limits);
    let image = reader.decode().map_err(|error| match error {
        image::ImageError::Limits(_) => ReadError::ImageTooLarge,
        error => ReadError::NotAnImage(error),
    })?;
    read_either_way(on_white(&image))
}

/// Reads the invitation that a terminal shows: the text of [`super::Picture::terminal`] or
/// [`super::Picture::coloured`], in either polarity, with other text around it.
///
/// The half blocks become pixels and a QR decoder finds the code in them, as a camera's would.
///
/// # Errors
/// See [`ReadError`].
pub fn read_terminal(text: &str) -> Result<String, ReadError> {
    let plain = console::strip_ansi_codes(text);
    let lines: Vec<Vec<char>> = plain
        .lines()
        .take(MAX_TERMINAL_LINES + 1)
        .map(|line| line.chars().take(MAX_TERMINAL_COLUMNS + 1).collect())
        .collect();
    let columns = lines.iter().map(Vec::len).max().unwrap_or(0);
    if lines.len() > MAX_TERMINAL_LINES || columns > MAX_TERMINAL_COLUMNS {
        return Err(ReadError::TextTooLarge);
    }
    let side = |modules: usize| u32::try_from((modules + 2 * MARGIN) * PIXELS).unwrap_or(0);
    let screen = GrayImage::from_fn(side(columns), side(lines.len() * 2), |x, y| {
        let ink = module(x)
            .zip(module(y))
            .and_then(|(column, row)| Some((lines.get(row / 2)?.get(column)?, row % 2)))
            .is_some_and(|(block, half)| match block {
                '█' => true,
                '▀' => half == 0,
                '▄' => half == 1,
                _ => false,
            });
        Luma([if ink { 255 } else { 0 }])
    });
    read_either_way(screen)
}

/// The module under a pixel of the drawn screen, unless it is in the margin.
fn module(pixel: u32) -> Option<usize> {
    (usize::try_from(pixel).ok()? / PIXELS).checked_sub(MARGIN)
}

/// Transparent pixels are whatever lies behind them: paper, for whoever drew the code in black.
fn on_white(image: &DynamicImage) -> GrayImage {
    if !image.color().has_alpha() {
        return image.to_luma8();
    }
    let image = image.to_luma_alpha8();
    GrayImage::from_fn(image.width(), image.height(), |x, y| {
        let [luma, alpha] = image.get_pixel(x, y).0;
        let mixed = u16::from(luma) * u16::from(alpha) + 255 * u16::from(u8::MAX - alpha);
        Luma([u8::try_from(mixed / 255).unwrap_or(u8::MAX)])
    })
}

fn read_either_way(mut image: GrayImage) -> Result<String, ReadError> {
    match read(&image) {
        Err(first @ (ReadError::NoQrCode | ReadError::Damaged(_))) => {
            imageops::invert(&mut image);
            match read(&image) {
                Err(ReadError::NoQrCode) => Err(first),
                second => second,
            }
        }
        answer => answer,
    }
}

fn read(image: &GrayImage) -> Result<String, ReadError> {
    let (width, height) = image.dimensions();
    if width < SMALLEST_CODE || height < SMALLEST_CODE {
        return Err(ReadError::NoQrCode);
    }
    let size = |side: u32| usize::try_from(side).unwrap_or(0);
    let mut prepared = PreparedImage::prepare_from_greyscale(size(width), size(height), |x, y| {
        u32::try_from(x)
            .ok()
            .zip(u32::try_from(y).ok())
            .and_then(|(x, y)| image.get_pixel_checked(x, y))
            .map_or(0, |pixel| pixel.0[0])
    });
    let codes: Vec<_> = prepared
        .detect_grids()
        .iter()
        .map(rqrr::Grid::decode)
        .collect();

    let mut invitation = None;
    for (_, text) in codes.iter().flatten() {
        if !is_invitation(text) {
            continue;
        }
        match invitation {
            Some(other) if other != text => return Err(ReadError::SeveralInvitations),
            _ => invitation = Some(text),
        }
    }
    if let Some(text) = invitation {
        return Ok(text.clone());
    }
    if codes.iter().any(Result::is_ok) {
        return Err(ReadError::NotAnInvitation);
    }
    match codes.into_iter().find_map(Result::err) {
        Some(error) => Err(ReadError::Damaged(error)),
        None => Err(ReadError::NoQrCode),
    }
}

fn is_invitation(text: &str) -> bool {
    text.get(..SCHEME.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(SCHEME))
}

const SCHEME: &str = "FIDO:/";

/// Memory that an image decoder may use: an image of the largest size in RGBA of 8 bits.
const MAX_DECODER_MEMORY: u64 = 256 * 1024 * 1024;

/// Pixels a module when a terminal is drawn; the decoder wants at least three.
const PIXELS: usize = 4;

/// Modules around a drawn terminal, because editors cut the blanks at the ends of lines.
const MARGIN: usize = 4;

/// Modules of the smallest QR code: fewer pixels cannot show one.
const SMALLEST_CODE: u32 = 21;

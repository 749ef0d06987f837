//! QR codes as pictures: drawn for a terminal or as PNG, and read back.
//!
//! Reading goes through a real decoder in every case. What a terminal shows is first turned into
//! the pixels that a camera would see, so a drawing that no phone could read fails here as well.
//!
//! ```
//! use hawser_demo::qr_picture::{self, Picture};
//!
//! let picture = Picture::of("FIDO:/16736865")?;
//! assert_eq!(qr_picture::read_terminal(&picture.terminal())?, "FIDO:/16736865");
//! assert_eq!(qr_picture::read_image(&picture.png()?)?, "FIDO:/16736865");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod read;

use std::fmt;
use std::io::Cursor;

use console::Style;
use image::{GrayImage, ImageFormat, Luma};
use qrcode::render::unicode::Dense1x2;
use qrcode::types::QrError;
use qrcode::{Color, EcLevel, QrCode};

pub use read::{
    MAX_IMAGE_FILE, MAX_IMAGE_SIDE, MAX_TERMINAL_COLUMNS, MAX_TERMINAL_LINES, ReadError,
    read_image, read_terminal,
};

/// A QR code that is ready to be drawn.
///
/// It shows the invitation's secret to everyone who sees it; `Debug` shows its size only.
pub struct Picture(QrCode);

/// Why a picture cannot be drawn.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DrawError {
    /// The text does not fit into any QR code.
    #[error("the text does not fit into a QR code")]
    TooLong(#[source] QrError),
    /// The PNG encoder failed.
    #[error("the picture cannot be encoded as PNG")]
    Png(#[source] image::ImageError),
}

impl Picture {
    /// The QR code of a text, usually `FIDO:/` and digits.
    ///
    /// An invitation of 168 digits needs 37 by 37 modules: digits are packed three to ten bits.
    ///
    /// # Errors
    /// [`DrawError::TooLong`] from about 2,300 bytes (5,600 digits) on.
    pub fn of(text: &str) -> Result<Self, DrawError> {
        QrCode::with_error_correction_level(text, EcLevel::M)
            .map(Self)
            .map_err(DrawError::TooLong)
    }

    /// The picture as text: a line of half blocks holds two rows of modules.
    ///
    /// Light modules are ink, because most terminals write light on dark. A camera can read the
    /// opposite as well, but not every phone tries: see [`Self::coloured`].
    #[must_use]
    pub fn terminal(&self) -> String {
        self.0
            .render::<Dense1x2>()
            .dark_color(Dense1x2::Light)
            .light_color(Dense1x2::Dark)
            .build()
    }

    /// The same as [`Self::terminal`] in black and white, whatever colours the terminal has.
    #[must_use]
    pub fn coloured(&self) -> String {
        let white_on_black = Style::new()
            .color256(WHITE)
            .on_color256(BLACK)
            .force_styling(true);
        let lines: Vec<String> = self
            .terminal()
            .lines()
            .map(|line| white_on_black.apply_to(line).to_string())
            .collect();
        lines.join("\n")
    }

    /// The picture as a PNG file of 8 pixels a module.
    ///
    /// # Errors
    /// [`DrawError::Png`] when the encoder fails.
    pub fn png(&self) -> Result<Vec<u8>, DrawError> {
        let mut file = Vec::new();
        self.image()
            .write_to(&mut Cursor::new(&mut file), ImageFormat::Png)
            .map_err(DrawError::Png)?;
        Ok(file)
    }

    fn image(&self) -> GrayImage {
        let width = self.0.width();
        let modules = self.0.to_colors();
        let side = u32::try_from(width).unwrap_or(0) + 2 * QUIET_ZONE;
        GrayImage::from_fn(side * MODULE_PIXELS, side * MODULE_PIXELS, |x, y| {
            let dark = (|| {
                let column = usize::try_from((x / MODULE_PIXELS).checked_sub(QUIET_ZONE)?).ok()?;
                let row = usize::try_from((y / MODULE_PIXELS).checked_sub(QUIET_ZONE)?).ok()?;
                let inside = column < width;
                inside.then(|| modules.get(row * width + column))?
            })();
            Luma([if dark == Some(&Color::Dark) { 0 } else { 255 }])
        })
    }
}

impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Picture({0} x {0} modules)", self.0.width())
    }
}

/// Light modules around the code: ISO/IEC 18004 asks for four.
const QUIET_ZONE: u32 = 4;
const MODULE_PIXELS: u32 = 8;

/// Corners of the 256-colour cube: themes change the sixteen named colours, but not these.
const WHITE: u8 = 231;
const BLACK: u8 = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invitation_fits_a_terminal_of_80_by_24() {
        let text = format!("FIDO:/{}", "7".repeat(168));
        let drawn = Picture::of(&text).unwrap().terminal();
        assert_eq!(drawn.lines().count(), 23);
        assert!(drawn.lines().all(|line| line.chars().count() == 45));
    }

    #[test]
    fn the_quiet_zone_is_there() {
        let drawn = Picture::of("FIDO:/16736865").unwrap().terminal();
        let lines: Vec<&str> = drawn.lines().collect();
        assert!(lines[..2].concat().chars().all(|c| c == '█'));
        assert!(lines.iter().all(|line| {
            let ink: Vec<char> = line.chars().collect();
            let edges = [&ink[..4], &ink[ink.len() - 4..]].concat();
            edges.iter().all(|c| matches!(c, '█' | '▀'))
        }));
    }

    #[test]
    fn a_text_that_is_too_long_is_an_error() {
        let error = Picture::of(&"x".repeat(3000)).unwrap_err();
        assert_eq!(error.to_string(), "the text does not fit into a QR code");
    }

    #[test]
    fn debug_does_not_show_the_code() {
        let picture = Picture::of("FIDO:/16736865").unwrap();
        assert_eq!(format!("{picture:?}"), "Picture(21 x 21 modules)");
    }
}

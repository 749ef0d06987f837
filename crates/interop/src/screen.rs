//! A virtual screen: what the browser shows, and a keyboard for it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;

use image::RgbImage;
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{
    ConnectionExt as _, ImageFormat, KEY_PRESS_EVENT, KEY_RELEASE_EVENT, Screen as Root,
};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;

use crate::process::Process;

/// An X server without hardware. It ends when dropped.
#[derive(Debug)]
pub struct Screen {
    _server: Process,
    display: String,
    connection: RustConnection,
    root: Root,
}

/// A screen could not be started, read or typed at.
#[derive(Debug, thiserror::Error)]
#[error("the virtual screen does not work: is the package xvfb installed?")]
pub struct ScreenError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl Screen {
    /// Starts a screen of 1280 by 1000 pixels that is ready for programs.
    ///
    /// # Errors
    /// [`ScreenError`]. Blocks the thread until the server answers, some 100 ms.
    pub fn start(log: &Path) -> Result<Self, ScreenError> {
        let mut server = Process::start("Xvfb", log, |command| {
            command
                .args([
                    "-displayfd",
                    "1",
                    "-screen",
                    "0",
                    "1280x1000x24",
                    "-nolisten",
                    "tcp",
                ])
                .stdout(Stdio::piped());
        })
        .map_err(because)?;
        let mut number = String::new();
        if let Some(output) = server.child().stdout.take() {
            BufReader::new(output)
                .read_line(&mut number)
                .map_err(because)?;
        }
        let display = format!(":{}", number.trim());
        let (connection, screen) = x11rb::connect(Some(&display)).map_err(because)?;
        let root = connection
            .setup()
            .roots
            .get(screen)
            .cloned()
            .ok_or_else(|| because("a server without a screen"))?;
        Ok(Self {
            _server: server,
            display,
            connection,
            root,
        })
    }

    /// What belongs into the environment variable `DISPLAY`.
    #[must_use]
    pub fn display(&self) -> &str {
        &self.display
    }

    /// What is on the screen now.
    ///
    /// # Errors
    /// [`ScreenError`].
    pub fn photograph(&self) -> Result<RgbImage, ScreenError> {
        let (width, height) = (self.root.width_in_pixels, self.root.height_in_pixels);
        let pixels = self
            .connection
            .get_image(
                ImageFormat::Z_PIXMAP,
                self.root.root,
                0,
                0,
                width,
                height,
                u32::MAX,
            )
            .map_err(because)?
            .reply()
            .map_err(because)?;
        // Four bytes a pixel: blue, green, red, nothing.
        let rgb = pixels.data.chunks_exact(4).flat_map(|pixel| match *pixel {
            [blue, green, red, _] => [red, green, blue],
            _ => [0; 3],
        });
        RgbImage::from_raw(width.into(), height.into(), rgb.collect())
            .ok_or_else(|| because("a picture of the wrong size"))
    }

    /// Presses the Escape key, as a user who changes their mind.
    ///
    /// # Errors
    /// [`ScreenError`].
    pub fn press_escape(&self) -> Result<(), ScreenError> {
        for event in [KEY_PRESS_EVENT, KEY_RELEASE_EVENT] {
            self.connection
                .xtest_fake_input(event, ESCAPE, 0, self.root.root, 0, 0, 0)
                .map_err(because)?;
        }
        self.connection.flush().map_err(because)
    }
}

/// The keycode of Escape on every keyboard that X knows as a PC keyboard.
const ESCAPE: u8 = 9;

fn because(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> ScreenError {
    ScreenError(cause.into())
}

//! The story as a person sees it: Chromium in front of the console, with the phone in a second window.
//!
//! Needs `chromium` and `chromedriver` (Debian: packages chromium and chromium-driver).

#![expect(clippy::indexing_slicing, reason = "a missing value fails the test")]
#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![expect(clippy::expect_used, reason = "a test may panic")]
#![expect(clippy::panic, reason = "a test may panic")]

mod looks;
mod rig;
mod roll_out;
mod story;

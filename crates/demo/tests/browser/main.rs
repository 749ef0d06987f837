//! The story as a person sees it: Chromium in front of the console, with the phone in a second window.
//!
//! Needs `chromium` and `chromedriver` (Debian: packages chromium and chromium-driver).

#![expect(clippy::indexing_slicing, reason = "a missing value fails the test")]
#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![expect(clippy::expect_used, reason = "a test may panic")]
#![expect(clippy::panic, reason = "a test may panic")]

mod camera;
#[path = "../relying_party/forger.rs"]
#[expect(dead_code, reason = "shared with the tests of the JSON interface")]
mod forger;
mod keyboard;
mod looks;
mod phone_page;
mod rig;
mod roll_out;
mod signals;
mod story;
mod tabs;
#[path = "../console/visitor.rs"]
#[expect(dead_code, reason = "shared with the tests of the pages")]
mod visitor;

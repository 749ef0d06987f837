//! The `hawser` program, run as a user runs it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod demo;
mod doctor;
mod domain;
mod inspect;
#[cfg(unix)]
mod late;
mod log;
#[cfg(unix)]
mod pair;
#[cfg(unix)]
mod person;
mod phone_alone;
mod program;
#[cfg(unix)]
mod reader;
mod scene;
#[cfg(target_os = "linux")]
mod signals;
#[cfg(unix)]
mod terminal;

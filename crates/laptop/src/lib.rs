//! The laptop of cross-device passkey sign-in: show a QR code, find the phone, ask it.

mod cancel;
pub mod ctap;
mod error;
mod flow;
mod invite;
mod laptop;
mod progress;
pub mod scanner;
pub mod webauthn;

pub use cancel::Canceller;
pub use error::LaptopError;
pub use flow::Session;
pub use hawser_proto::{Hint, Link};
pub use invite::Invite;
pub use laptop::{Laptop, Limits};
pub use progress::{Progress, Stage};
pub use scanner::{ScanError, Scanner};

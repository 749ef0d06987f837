//! The laptop of cross-device passkey sign-in: show a QR code, find the phone, ask it.

pub mod ctap;
pub mod scanner;
pub mod webauthn;

pub use scanner::{ScanError, Scanner};

//! The phone of cross-device passkey sign-in: scan a QR code, prove to be near, approve.

pub mod advertiser;
pub mod approver;
pub mod authenticator;
mod ctap;
pub mod phone;
pub mod scanned;
pub mod store;

pub use advertiser::{AdvertiseError, Advertiser};
pub use approver::{Account, Approver, Ask, Decision, Operation};
pub use authenticator::Authenticator;
pub use hawser_proto::{Hint, QrError};
pub use phone::{Limits, Phone, PhoneError, PhoneOutcome, Progress, Stage};
pub use scanned::ScannedQr;

//! CTAP2 as it is spoken over the hybrid transport (CTAP 2.2 §6).
//!
//! A request is a command byte and CBOR, a reply is a status byte and CBOR. Phones are strict about
//! the CBOR: Android refuses anything that is not in the canonical form, iPhones refuse requests
//! without display names and credential descriptors with transports. [`MakeCredential`] and
//! [`GetAssertion`] can only be written the way that all of them accept.
//!
//! There are no PIN protocols here: the phone verifies its user by itself, and `uv` asks it to.

mod cbor;
pub mod reply;
pub mod request;
pub mod status;

pub use reply::{Assertion, Attestation, AuthenticatorData, ReplyError};
pub use request::{CtapRequest, GetAssertion, MakeCredential, RelyingParty, User};
pub use status::Status;

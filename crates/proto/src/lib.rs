//! The FIDO hybrid protocol without IO: QR codes, adverts, Noise, the record layer and both sessions.

mod cbor;
pub mod frame;
pub mod key_schedule;
pub mod keys;
pub mod noise;
pub mod padding;
pub mod record;
pub mod secret;

pub use cbor::CborError;
pub use keys::{KeyError, PrivateKey, PublicKey};
pub use rand_core::OsRng;
pub use secret::{
    ContactSecret, EidKey, LinkSecret, LinkSecretLength, Psk, QrSecret, RootSecret, SharedSecret,
};

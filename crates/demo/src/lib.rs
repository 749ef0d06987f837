//! A relying party that asks for a password and a passkey, and the story that signs in to it.
//!
//! | module | what it holds |
//! |---|---|
//! | [`relying_party`] | the site: an HTTP interface with password and passkey, by webauthn-rs |
//! | [`story`] | a relay, the site, a laptop and a phone that play the whole story over sockets |
//! | [`mod@console`] | the web console: pages, a simulated phone, a view of the wire |
//! | [`qr_picture`] | QR codes drawn for a terminal or as PNG, and read back |

pub mod console;
pub mod qr_picture;
pub mod relying_party;
pub mod story;

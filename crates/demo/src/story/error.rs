//! Why the story could not be played to its end.

use std::io;

use hawser_laptop::LaptopError;
use hawser_laptop::webauthn::{OptionsError, OriginError};
use hawser_phone::PhoneError;
use hawser_radio::loopback::AirError;
use hawser_tunnel::DialerError;
use hawser_wire::DomainError;

use super::browser::BrowserError;
use crate::qr_picture::{DrawError, ReadError};
use crate::relying_party::{AccountError, SetupError};

/// Why the story could not be played to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoryError {
    /// The relay has no address.
    #[error("the relay cannot start")]
    RelayAddress(#[source] hawser_relay::BindError),
    /// The relay cannot be set up.
    #[error("the relay cannot start")]
    Relay(#[source] hawser_relay::RelayError),
    /// A server does not know its own address.
    #[error("a server does not know its address")]
    LocalAddress(#[source] io::Error),
    /// The site cannot start.
    #[error("the site cannot start")]
    Site(#[source] SetupError),
    /// The site has no user.
    #[error("the user cannot be added to the site")]
    Account(#[from] AccountError),
    /// A thread of this program broke.
    #[error("this program has a fault")]
    Thread(#[source] tokio::task::JoinError),
    /// The simulated radio has no place.
    #[error("the simulated radio needs a temporary directory")]
    AirDirectory(#[source] io::Error),
    /// The simulated radio does not work.
    #[error("the simulated radio does not work")]
    Air(#[from] AirError),
    /// The relay's address is not one.
    #[error("the relay cannot be dialled")]
    Dialer(#[from] DialerError),
    /// The phone's tunnel domain does not exist.
    #[error("the phone has no tunnel domain")]
    Domain(#[from] DomainError),
    /// The site did not answer as it should.
    #[error("the browser could not go on")]
    Browser(#[from] BrowserError),
    /// The site says one thing and then another.
    #[error("the site contradicts itself about who is signed in")]
    Inconsistent,
    /// The site's origin is not one for WebAuthn.
    #[error("the site's origin is not fit for passkeys")]
    Origin(#[from] OriginError),
    /// The site's options are not fit for a phone.
    #[error("the laptop cannot use what the site asks for")]
    Options(#[from] OptionsError),
    /// The QR code cannot be drawn.
    #[error("the laptop cannot draw its QR code")]
    Draw(#[from] DrawError),
    /// The phone's camera sees no code.
    #[error("the phone cannot read the laptop's screen")]
    Camera(#[from] ReadError),
    /// The laptop gave up.
    #[error("the laptop gave up")]
    Laptop(#[from] LaptopError),
    /// The phone gave up.
    #[error("the phone gave up")]
    Phone(#[from] PhoneError),
}

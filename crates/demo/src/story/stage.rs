//! What happens in the story, in order.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A part of the story.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Part {
    /// The services start.
    Setup,
    /// A passkey is enrolled after the password.
    Register,
    /// The user signs in with the password and the passkey.
    SignIn,
}

/// A stage of the story. [`Part::Setup`] has the first two; the other parts have all the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Stage {
    /// The tunnel service accepts connections.
    RelayUp,
    /// The relying party accepts requests.
    SiteUp,
    /// The site accepted the password.
    PasswordAccepted,
    /// The laptop shows its QR code.
    QrShown,
    /// The phone read the code from the laptop's screen.
    QrScanned,
    /// The phone waits at the tunnel service.
    TunnelOpen,
    /// The laptop heard the phone's advert.
    PhoneNearby,
    /// The laptop joined the phone's tunnel.
    Connected,
    /// The handshake is done: what follows is encrypted from end to end.
    Secured,
    /// The phone has the laptop's request.
    WaitingForApproval,
    /// The person approved.
    Approved,
    /// The person declined.
    Declined,
    /// Laptop and phone hung up.
    Closed,
    /// The site verified the phone's answer.
    Verified,
}

impl Stage {
    /// The stage in a few plain words.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::RelayUp => "relay up",
            Self::SiteUp => "site up",
            Self::PasswordAccepted => "password accepted",
            Self::QrShown => "QR code shown",
            Self::QrScanned => "QR code scanned",
            Self::TunnelOpen => "tunnel open",
            Self::PhoneNearby => "phone nearby",
            Self::Connected => "connected",
            Self::Secured => "secured",
            Self::WaitingForApproval => "waiting for approval",
            Self::Approved => "approved",
            Self::Declined => "declined",
            Self::Closed => "closed",
            Self::Verified => "verified by the site",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title())
    }
}

impl Part {
    /// The part in a few plain words.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Setup => "starting up",
            Self::Register => "enrolling a passkey",
            Self::SignIn => "signing in",
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title())
    }
}

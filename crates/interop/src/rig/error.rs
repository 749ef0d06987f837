//! Why a step of a scenario did not work.

use hawser_phone::phone::Progress;
use hawser_wire::DomainError;
use serde_json::Value;

use crate::authority::AuthorityError;
use crate::bluez::StandInError;
use crate::browser::BrowserError;
use crate::screen::ScreenError;
use crate::site::SiteError;

/// A step of a scenario did not work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RigError {
    /// No folder for the run.
    #[error("no temporary folder could be made")]
    Folder(#[source] std::io::Error),
    /// The relay did not start.
    #[error("the relay did not start")]
    Relay(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The BlueZ stand-in failed.
    #[error("the BlueZ stand-in did not start")]
    Bluez(#[from] StandInError),
    /// The test authority failed.
    #[error("the test authority could not be set up")]
    Authority(#[from] AuthorityError),
    /// The screen failed.
    #[error("the screen failed")]
    Screen(#[from] ScreenError),
    /// The browser failed.
    #[error("the browser failed")]
    Browser(#[from] BrowserError),
    /// The site refused.
    #[error("the site refused")]
    Site(#[from] SiteError),
    /// Not a tunnel domain.
    #[error("no tunnel domain has this number")]
    Domain(#[from] DomainError),
    /// The browser showed no QR code.
    #[error("no QR code appeared on the screen; the page says {outcome}")]
    NoCode {
        /// What the page knew.
        outcome: Value,
    },
    /// The page has no answer.
    #[error("the page had no answer in time; the phone said {phone}")]
    NoOutcome {
        /// How the phone ended.
        phone: String,
    },
    /// The page has an answer, but it is an error.
    #[error("the page got {outcome}; the phone said {phone}")]
    Refused {
        /// What the page got.
        outcome: Value,
        /// How the phone ended.
        phone: String,
    },
    /// The browser opened a TLS connection and never sent its request: its unexplained stall.
    #[error("the browser heard the advert and never asked the relay for the tunnel")]
    Stall,
    /// The phone did not get as far as it should.
    #[error("the phone only came to {0:?}")]
    NotReached(Vec<Progress>),
    /// The phone's session does not end.
    #[error("the phone does not end; it came to {0:?}")]
    Endless(Vec<Progress>),
    /// The phone is defective.
    #[error("the phone panicked")]
    Panicked(#[source] tokio::task::JoinError),
    /// The relay still holds something.
    #[error("the relay still has {0}")]
    LeftBehind(String),
}

//! What can go wrong, by kind. A [`Fault`] is a service that broke its word; a [`Failure`] is an
//! operation that did not succeed.

use serde::{Deserialize, Serialize};

macro_rules! kinds {
    ($(#[$doc:meta])* $name:ident { $($variant:ident => $label:literal, $text:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub(crate) enum $name { $(#[doc = $text] $variant,)* }

        impl $name {
            const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in reports.
            pub(crate) const fn label(self) -> &'static str {
                match self { $(Self::$variant => $label,)* }
            }

            /// What it means, in one line.
            pub(crate) const fn text(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

kinds! {
    /// A service that broke its word. One is enough to fail a run with exit code 3.
    Fault {
        Lost => "lost", "a message never arrived, though a later one did";
        Repeated => "repeated", "a message arrived twice";
        Reordered => "reordered", "a message arrived after a later one";
        Altered => "altered", "a message arrived with other content";
        Truncated => "truncated", "a message arrived shorter than it was sent";
        Text => "text", "a binary message arrived as a text message";
        Misdelivered => "misdelivered", "a message arrived in another tunnel, or at its own sender";
        EarlyClose => "early_close", "a tunnel ended before anybody closed it, without a reason";
        CloseCode => "close_code", "a tunnel was closed in good order and ended with another code";
        NoClose => "no_close", "a tunnel was closed in good order and ended without a close frame";
        BadFrame => "bad_frame", "a frame broke RFC 6455";
        BadUpgrade => "bad_upgrade", "an answer to a WebSocket request broke RFC 6455 or CTAP 2.2 §11.5";
    }
}

kinds! {
    /// Why an operation failed.
    Failure {
        Connect => "connect", "the TCP connection was refused or unreachable";
        ConnectTimeout => "connect_timeout", "the TCP connection or its answer took too long";
        Tls => "tls", "the TLS handshake failed";
        NoFiles => "no_files", "this machine had no file descriptor left: a limit of the harness";
        NoPorts => "no_ports", "this machine had no source port left: a limit of the harness";
        OpenRefused => "open_refused", "the service refused to open a tunnel";
        JoinRefused => "join_refused", "the service refused to join a tunnel";
        Timeout => "timeout", "a message did not arrive in time";
        Undelivered => "undelivered", "a message was under way when its tunnel or the run ended";
        ClosedByService => "closed_by_service", "the service closed a tunnel and said why";
        Broken => "broken", "a connection was reset";
        Unended => "unended", "a closed tunnel's connections stayed open";
        Unfinished => "unfinished", "still under way, or not yet begun, when the run was over";
    }
}

/// What a name in a report means; nothing for a name that is not of a fault or failure. A number
/// behind it is ignored.
pub(crate) fn explain(name: &str) -> &'static str {
    let name = name.split(' ').next().unwrap_or_default();
    let fault = Fault::ALL.iter().find(|fault| fault.label() == name);
    let failure = Failure::ALL.iter().find(|failure| failure.label() == name);
    let text = fault.map(|fault| fault.text());
    text.or(failure.map(|failure| failure.text()))
        .unwrap_or_default()
}

/// Either.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The service broke its word.
    Fault(Fault),
    /// The operation failed; the number is an HTTP status or a close code, or 0.
    Failure(Failure, u16),
    /// The service broke its word, and that is counted already.
    Spoiled,
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure, 0)
    }
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

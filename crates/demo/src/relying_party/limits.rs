//! Which limits bite, and how often: one counter for each.

use prometheus::{IntCounterVec, Opts, Registry, TextEncoder};

/// Counts whenever a limit is reached. Clones share the counts.
#[derive(Clone)]
pub(crate) struct Limits {
    registry: Registry,
    reached: IntCounterVec,
}

macro_rules! limits {
    ($($(#[$doc:meta])* $limit:ident = $label:literal;)*) => {
        /// Something that there is only so much of.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Limit {
            $($(#[$doc])* $limit,)*
        }

        impl Limit {
            const ALL: &[Self] = &[$(Self::$limit,)*];

            /// The word in the metric.
            const fn label(self) -> &'static str {
                match self { $(Self::$limit => $label,)* }
            }
        }
    };
}

limits! {
    /// `MAX_GUESSES`: a name is locked out, and a password was not even looked at.
    Guesses = "guesses";
    /// `MAX_GUESSED_NAMES`: the oldest count of wrong passwords was forgotten.
    GuessedNames = "guessed_names";
    /// `MAX_TRIES_PER_CLIENT`: a client tries too many passwords.
    Tries = "tries_per_client";
    /// `MAX_CLIENTS`: a client shares a count with others.
    Clients = "clients";
    /// `MAX_PASSWORD`: a password was too long to be looked at.
    Password = "password";
    /// `MAX_SESSIONS`: nobody can sign in for a while.
    Sessions = "sessions";
    /// `MAX_SESSIONS_OF_USER`: a user's oldest session made room.
    SessionsOfUser = "sessions_of_user";
    /// `MAX_DEVICES`: a user has no place for another device.
    Devices = "devices";
    /// `MAX_DEVICE_NAME`: a name was too long.
    DeviceName = "device_name";
    /// `MAX_CREDENTIAL_ID`: an authenticator made an id that is too long.
    CredentialId = "credential_id";
    /// `MAX_NOTES`: a refusal was counted here and not kept in the audit trail.
    Notes = "notes";
    /// `MAX_AUDIT_ENTRIES`: the oldest entry of the audit trail made room.
    AuditEntries = "audit_entries";
    /// `MAX_BODY` or `MAX_IMAGE_FILE`: a request was too large to be read.
    Body = "body";
    /// `MAX_CEREMONIES`: too many sign-ins are under way.
    Ceremonies = "ceremonies";
    /// `MAX_PICTURES`: too many pictures are being read.
    Pictures = "pictures";
    /// `MAX_IMAGE_SIDE`: a picture has too many pixels.
    PictureSize = "picture_size";
    /// `MAX_STREAMS`: too many pages listen for events.
    Streams = "streams";
    /// `MAX_DAYS_AHEAD`: the demo's clock is not set further ahead.
    Clock = "clock";
}

impl Limits {
    pub(crate) fn new() -> Result<Self, prometheus::Error> {
        let about = Opts::new(
            "hawser_demo_limit_reached_total",
            "How often a limit of the demo was reached, by limit",
        );
        let reached = IntCounterVec::new(about, &["limit"])?;
        let registry = Registry::new();
        registry.register(Box::new(reached.clone()))?;
        // A counter that is not there yet cannot be watched.
        for limit in Limit::ALL {
            reached.with_label_values(&[limit.label()]);
        }
        Ok(Self { registry, reached })
    }

    pub(crate) fn reached(&self, limit: Limit) {
        self.reached.with_label_values(&[limit.label()]).inc();
    }

    /// The counts, in the text format of Prometheus.
    pub(crate) fn text(&self) -> Result<String, prometheus::Error> {
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }

    /// How often a limit was reached.
    #[cfg(test)]
    pub(crate) fn count(&self, limit: Limit) -> u64 {
        self.reached.with_label_values(&[limit.label()]).get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_is_there_before_it_is_reached() {
        let limits = Limits::new().unwrap();
        limits.reached(Limit::Streams);
        let text = limits.text().unwrap();
        for limit in Limit::ALL {
            let count = u8::from(*limit == Limit::Streams);
            let line = format!(
                "hawser_demo_limit_reached_total{{limit=\"{}\"}} {count}\n",
                limit.label()
            );
            assert!(text.contains(&line), "no {line} in {text}");
        }
    }
}

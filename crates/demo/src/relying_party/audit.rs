//! What the audit trail knows.

use std::fmt;
use std::time::SystemTime;

/// One line of the audit trail.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuditEntry {
    /// Counts up from one, without gaps.
    pub number: i64,
    /// When it happened, by the site's clock.
    pub at: SystemTime,
    /// Who did it: a user name, or `command line`. Empty when nobody was signed in.
    pub actor: String,
    /// What happened.
    pub event: AuditEvent,
    /// The user whom it concerns; empty when it concerns the whole site.
    pub subject: String,
    /// More about it, in words.
    pub detail: String,
}

macro_rules! events {
    ($($(#[$doc:meta])* $event:ident = $code:literal, $title:literal;)*) => {
        /// What happened.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum AuditEvent {
            $($(#[$doc])* $event,)*
        }

        impl AuditEvent {
            /// The word for programs.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$event => $code,)* }
            }

            /// The words for people.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$event => $title,)* }
            }

            pub(super) fn from_code(code: &str) -> Self {
                match code { $($code => Self::$event,)* _ => Self::Unknown }
            }
        }
    };
}

events! {
    /// The password and a passkey were accepted.
    SignedIn = "signed_in", "Signed in with a passkey";
    /// The password was accepted, and the policy asked for no more.
    AdmittedWithoutMfa = "admitted_without_mfa", "Signed in without MFA";
    /// A person put registration off.
    Skipped = "skipped", "Put registration off";
    /// A wrong password for a user who exists.
    WrongPassword = "wrong_password", "Wrong password";
    /// Too many wrong passwords.
    LockedOut = "locked_out", "Locked out after wrong passwords";
    /// A grace period began.
    GraceBegan = "grace_began", "Grace period began";
    /// A device was registered.
    DeviceRegistered = "device_registered", "Registered a device";
    /// A device got another name.
    DeviceRenamed = "device_renamed", "Renamed a device";
    /// A device was deleted by its owner.
    DeviceDeleted = "device_deleted", "Deleted a device";
    /// A registration was refused.
    RegistrationRefused = "registration_refused", "Registration refused";
    /// A passkey was refused at sign-in.
    PasskeyRefused = "passkey_refused", "Passkey refused";
    /// A deletion was refused.
    DeletionRefused = "deletion_refused", "Deletion refused";
    /// A form or a request came from a page of somebody else.
    ForgedRequest = "forged_request", "Forged request refused";
    /// An administrator deleted all devices of a user.
    MfaReset = "mfa_reset", "Reset a user’s MFA";
    /// A population got another mode.
    PolicyChanged = "policy_changed", "Changed the policy";
    /// The grace period got another length.
    GraceChanged = "grace_changed", "Changed the grace period";
    /// The roll-out made a step.
    CohortAdded = "cohort_added", "Rolled out to a cohort";
    /// The kill switch was turned on.
    EnforcementSuspended = "enforcement_suspended", "Suspended enforcement";
    /// The kill switch was turned off.
    EnforcementResumed = "enforcement_resumed", "Resumed enforcement";
    /// An administrator set the demo's clock forward.
    ClockSetForward = "clock_set_forward", "Let time pass on the demo’s clock";
    /// Something of a newer release.
    Unknown = "unknown", "Something this release does not know";
}

impl fmt::Display for AuditEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// The actor when an administrator works at the command line.
pub(super) const COMMAND_LINE: &str = "command line";

//! What the site says no to, and how: one table of codes, statuses and sentences.

use std::time::Duration;

use axum::Json;
use axum::extract::rejection::{FormRejection, JsonRejection, QueryRejection};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use webauthn_rs::prelude::WebauthnError;

use super::device_name::DeviceNameError;
use super::limits::{Limit, Limits};
use super::policy::PolicyError;
use super::{MAX_BODY, MAX_CREDENTIAL_ID, MAX_DEVICES, MAX_PASSWORD};

/// Why a request is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("wrong user name or password")]
    WrongPassword,
    #[error("too many wrong passwords for this name: try again in {} min", minutes(.left))]
    LockedOut { left: Duration },
    #[error("too many passwords from your address: try again in a minute")]
    TooManyTries { left: Duration },
    #[error("a password has at most {MAX_PASSWORD} bytes")]
    PasswordTooLong,
    #[error("enter your password first")]
    NoSession,
    #[error("finish signing in first")]
    NotSignedIn,
    #[error("your organization requires MFA: register a passkey to go on")]
    MfaMandatory,
    #[error("this account has a passkey: sign in with it before you change your devices")]
    PasskeyNeeded,
    #[error("this account has no passkey yet: register one first")]
    NoPasskey,
    #[error("an account has at most {MAX_DEVICES} passkeys: delete one first")]
    TooManyPasskeys,
    #[error("this passkey is registered already")]
    AlreadyRegistered,
    #[error(transparent)]
    DeviceName(#[from] DeviceNameError),
    #[error("you have a device of this name: choose another")]
    DeviceNameTaken,
    #[error("you have no such device: it may have been deleted meanwhile")]
    NoSuchDevice,
    #[error("this is your last device, and your organization requires MFA: register another first")]
    LastDevice,
    #[error("no challenge is open for this answer: begin again")]
    NoChallenge,
    #[error("the challenge has expired: begin again")]
    ChallengeExpired,
    #[error("the passkey could not be verified: {}", reason(.0))]
    NotVerified(#[source] WebauthnError),
    #[error("the passkey could not be verified: the phone did not verify its user")]
    UserNotVerified,
    #[error("the passkey could not be verified: it does not belong to this account")]
    UnknownPasskey,
    #[error("the passkey could not be verified: its counter went back, so it may have been copied")]
    CounterWentBack,
    #[error("the passkey could not be verified: it says that it is backed up and cannot be")]
    BackedUpButNotEligible,
    #[error("the passkey could not be verified: it changed between a synced and a bound passkey")]
    BackupEligibilityChanged,
    #[error("a page of another site sent this request")]
    OtherOrigin,
    #[error("the console has another name: open the address that it told when it started")]
    OtherHost,
    #[error("this form is out of date: reload the page and try again")]
    FormToken,
    #[error("only administrators may do this")]
    NotAdministrator,
    #[error("another administrator has to do this for you")]
    NotForOneself,
    #[error("there is no user of this name")]
    NoSuchUser,
    #[error("the roll-out has reached every user")]
    RolloutComplete,
    #[error(transparent)]
    Policy(#[from] PolicyError),
    #[error("a grace period is a number of days from 1 to 365")]
    GracePeriod,
    #[error("its credential id has more than {MAX_CREDENTIAL_ID} bytes")]
    CredentialIdTooLong,
    #[error("there is nothing at this address")]
    NotFound,
    #[error("this address only takes forms: go back to the page with the form")]
    WrongMethod,
    #[error("the request has more than {MAX_BODY} bytes")]
    TooLarge,
    #[error("the request cannot be read: {0}")]
    Malformed(String),
    #[error("the request cannot be read: {}", .0.body_text())]
    MalformedJson(JsonRejection),
    #[error("too many people are signed in at the moment: try again later")]
    TooManySessions,
    #[error("the site has a fault: try again later")]
    Fault(#[source] WebauthnError),
    #[error("the site has a fault: try again later")]
    Records(#[from] rusqlite::Error),
    #[error("the site has a fault: try again later")]
    System(#[source] std::io::Error),
    #[error("the site has a fault: try again later")]
    Metrics(#[source] prometheus::Error),
    #[error("the site has a fault: try again later")]
    Thread(#[source] tokio::task::JoinError),
}

#[derive(Serialize)]
struct Body {
    error: &'static str,
    message: String,
}

impl Refusal {
    /// The HTTP status and the code for programs.
    pub(crate) fn status(&self) -> (StatusCode, &'static str) {
        match self {
            Self::WrongPassword => (StatusCode::UNAUTHORIZED, "wrong_password"),
            Self::LockedOut { .. } => (StatusCode::TOO_MANY_REQUESTS, "locked_out"),
            Self::TooManyTries { .. } => (StatusCode::TOO_MANY_REQUESTS, "too_many_tries"),
            Self::PasswordTooLong => (StatusCode::BAD_REQUEST, "password_too_long"),
            Self::NoSession => (StatusCode::UNAUTHORIZED, "no_session"),
            Self::NotSignedIn => (StatusCode::FORBIDDEN, "not_signed_in"),
            Self::MfaMandatory => (StatusCode::FORBIDDEN, "mfa_mandatory"),
            Self::PasskeyNeeded => (StatusCode::FORBIDDEN, "passkey_needed"),
            Self::NoPasskey => (StatusCode::CONFLICT, "no_passkey"),
            Self::TooManyPasskeys => (StatusCode::CONFLICT, "too_many_passkeys"),
            Self::AlreadyRegistered => (StatusCode::CONFLICT, "already_registered"),
            Self::DeviceName(_) => (StatusCode::BAD_REQUEST, "device_name"),
            Self::DeviceNameTaken => (StatusCode::CONFLICT, "device_name_taken"),
            Self::NoSuchDevice => (StatusCode::NOT_FOUND, "no_such_device"),
            Self::LastDevice => (StatusCode::CONFLICT, "last_device"),
            Self::NoChallenge => (StatusCode::CONFLICT, "no_challenge"),
            Self::ChallengeExpired => (StatusCode::GONE, "challenge_expired"),
            Self::NotVerified(_)
            | Self::UserNotVerified
            | Self::CounterWentBack
            | Self::BackedUpButNotEligible
            | Self::BackupEligibilityChanged => (StatusCode::FORBIDDEN, "not_verified"),
            Self::UnknownPasskey => (StatusCode::FORBIDDEN, "unknown_passkey"),
            Self::OtherOrigin => (StatusCode::FORBIDDEN, "other_origin"),
            Self::OtherHost => (StatusCode::MISDIRECTED_REQUEST, "other_host"),
            Self::FormToken => (StatusCode::FORBIDDEN, "form_token"),
            Self::NotAdministrator => (StatusCode::FORBIDDEN, "not_administrator"),
            Self::NotForOneself => (StatusCode::CONFLICT, "not_for_oneself"),
            Self::NoSuchUser => (StatusCode::NOT_FOUND, "no_such_user"),
            Self::RolloutComplete => (StatusCode::CONFLICT, "rollout_complete"),
            Self::Policy(_) => (StatusCode::BAD_REQUEST, "policy"),
            Self::GracePeriod => (StatusCode::BAD_REQUEST, "grace_period"),
            Self::NotFound => (StatusCode::NOT_FOUND, "not_found"),
            Self::WrongMethod => (StatusCode::METHOD_NOT_ALLOWED, "wrong_method"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "malformed"),
            Self::CredentialIdTooLong | Self::Malformed(_) => {
                (StatusCode::UNPROCESSABLE_ENTITY, "malformed")
            }
            Self::MalformedJson(rejection) => (rejection.status(), "malformed"),
            Self::TooManySessions => (StatusCode::SERVICE_UNAVAILABLE, "too_many_sessions"),
            Self::Fault(_)
            | Self::Records(_)
            | Self::Thread(_)
            | Self::System(_)
            | Self::Metrics(_) => (StatusCode::INTERNAL_SERVER_ERROR, "fault"),
        }
    }

    /// Counts the limit that was reached, if that is the reason.
    pub(super) fn counted(self, limits: &Limits) -> Self {
        if let Some(limit) = self.limit() {
            limits.reached(limit);
        }
        self
    }

    /// Bodies are not among them: they are counted where they are read.
    fn limit(&self) -> Option<Limit> {
        match self {
            Self::LockedOut { .. } => Some(Limit::Guesses),
            Self::TooManyTries { .. } => Some(Limit::Tries),
            Self::PasswordTooLong => Some(Limit::Password),
            Self::TooManySessions => Some(Limit::Sessions),
            Self::TooManyPasskeys => Some(Limit::Devices),
            Self::DeviceName(DeviceNameError::TooLong) => Some(Limit::DeviceName),
            Self::CredentialIdTooLong => Some(Limit::CredentialId),
            _ => None,
        }
    }

    /// The header field that tells a program when to come again, where waiting helps (RFC 9110
    /// §10.2.3).
    pub(crate) fn retry_after(&self) -> Option<[(HeaderName, HeaderValue); 1]> {
        match self {
            Self::LockedOut { left } | Self::TooManyTries { left } => {
                // Rounded up: whoever came a moment too early would be refused again.
                let seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
                Some([(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)))])
            }
            _ => None,
        }
    }

    /// Tells the operator what a person is not told.
    pub(crate) fn log(&self) {
        match self {
            Self::Fault(cause) => tracing::error!(%cause, "the site cannot begin a ceremony"),
            Self::Records(cause) => tracing::error!(%cause, "the site's records cannot be used"),
            Self::System(cause) => tracing::error!(%cause, "the system lets the site down"),
            Self::Metrics(cause) => tracing::error!(%cause, "the site's counters cannot be read"),
            Self::Thread(cause) => tracing::error!(%cause, "an operation of the site broke"),
            Self::NotVerified(cause) => tracing::debug!(%cause, "a passkey was not verified"),
            _ => {}
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        self.log();
        let (status, error) = self.status();
        let message = self.to_string();
        (status, self.retry_after(), Json(Body { error, message })).into_response()
    }
}

impl From<JsonRejection> for Refusal {
    fn from(rejection: JsonRejection) -> Self {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            Self::TooLarge
        } else {
            Self::MalformedJson(rejection)
        }
    }
}

impl From<FormRejection> for Refusal {
    fn from(rejection: FormRejection) -> Self {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            Self::TooLarge
        } else {
            Self::Malformed(rejection.body_text())
        }
    }
}

impl From<QueryRejection> for Refusal {
    fn from(rejection: QueryRejection) -> Self {
        Self::Malformed(rejection.body_text())
    }
}

fn minutes(left: &Duration) -> u64 {
    left.as_secs().div_ceil(60).max(1)
}

/// What a person can make of webauthn-rs's verdict.
fn reason(error: &WebauthnError) -> &'static str {
    match error {
        WebauthnError::MismatchedChallenge => "it answers another challenge",
        WebauthnError::InvalidRPOrigin | WebauthnError::InvalidRPIDHash => {
            "it was made for another site"
        }
        WebauthnError::UserNotVerified => "the phone did not verify its user",
        WebauthnError::UserNotPresent => "nobody was at the phone",
        WebauthnError::AuthenticationFailure | WebauthnError::SignatureInvalid => {
            "the signature is wrong"
        }
        WebauthnError::CredentialNotFound | WebauthnError::CredentialRetrievalError => {
            "it does not belong to this account"
        }
        WebauthnError::CredentialPossibleCompromise => {
            "its counter went back, so it may have been copied"
        }
        WebauthnError::CredentialBackupEligibilityInconsistent => {
            "it changed between a synced and a bound passkey"
        }
        _ => "the answer is malformed",
    }
}

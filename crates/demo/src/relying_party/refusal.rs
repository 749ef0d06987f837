//! What the site says no to, and how: one table of codes, statuses and sentences.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use webauthn_rs::prelude::WebauthnError;

use super::{MAX_PASSKEYS, MAX_PASSWORD};

/// Why a request is refused.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    #[error("wrong user name or password")]
    WrongPassword,
    #[error("a password has at most {MAX_PASSWORD} bytes")]
    PasswordTooLong,
    #[error("enter your password first")]
    NoSession,
    #[error("this account has a passkey: sign in with it before you add another")]
    PasskeyNeeded,
    #[error("this account has no passkey yet: register one first")]
    NoPasskey,
    #[error("an account has at most {MAX_PASSKEYS} passkeys: delete one first")]
    TooManyPasskeys,
    #[error("this passkey is registered already")]
    AlreadyRegistered,
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
    #[error("a page of another site sent this request")]
    OtherOrigin,
    #[error("there is nothing at this address")]
    NotFound,
    #[error("the request cannot be read: {}", .0.body_text())]
    Malformed(#[from] JsonRejection),
    #[error("too many people are signed in at the moment: try again later")]
    TooManySessions,
    #[error("the site has a fault: try again later")]
    Fault(#[source] WebauthnError),
}

#[derive(Serialize)]
struct Body {
    error: &'static str,
    message: String,
}

impl Refusal {
    /// The HTTP status and the code for programs.
    fn status(&self) -> (StatusCode, &'static str) {
        match self {
            Self::WrongPassword => (StatusCode::UNAUTHORIZED, "wrong_password"),
            Self::PasswordTooLong => (StatusCode::BAD_REQUEST, "password_too_long"),
            Self::NoSession => (StatusCode::UNAUTHORIZED, "no_session"),
            Self::PasskeyNeeded => (StatusCode::FORBIDDEN, "passkey_needed"),
            Self::NoPasskey => (StatusCode::CONFLICT, "no_passkey"),
            Self::TooManyPasskeys => (StatusCode::CONFLICT, "too_many_passkeys"),
            Self::AlreadyRegistered => (StatusCode::CONFLICT, "already_registered"),
            Self::NoChallenge => (StatusCode::CONFLICT, "no_challenge"),
            Self::ChallengeExpired => (StatusCode::GONE, "challenge_expired"),
            Self::NotVerified(_)
            | Self::UserNotVerified
            | Self::UnknownPasskey
            | Self::CounterWentBack => (StatusCode::FORBIDDEN, "not_verified"),
            Self::OtherOrigin => (StatusCode::FORBIDDEN, "other_origin"),
            Self::NotFound => (StatusCode::NOT_FOUND, "not_found"),
            Self::Malformed(rejection) => (rejection.status(), "malformed"),
            Self::TooManySessions => (StatusCode::SERVICE_UNAVAILABLE, "too_many_sessions"),
            Self::Fault(_) => (StatusCode::INTERNAL_SERVER_ERROR, "fault"),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, error) = self.status();
        match &self {
            Self::Fault(cause) => tracing::error!(%cause, "the site cannot begin a ceremony"),
            Self::NotVerified(cause) => tracing::debug!(%cause, "a passkey was not verified"),
            _ => {}
        }
        let message = self.to_string();
        (status, Json(Body { error, message })).into_response()
    }
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

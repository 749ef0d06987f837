//! Why a script does not get what it wants.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::console::laptop::DeskError;
use crate::console::phones::PhoneRefusal;
use crate::qr_picture::ReadError;
use crate::relying_party::refusal::Refusal;

/// A status, and a sentence that goes out as `{"message"}`.
pub(in crate::console) struct LiveFailure(pub(super) StatusCode, pub(super) String);

impl LiveFailure {
    pub(super) fn fault(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error, "the demo has a fault");
        let words = "the demo has a fault: try again".to_owned();
        Self(StatusCode::INTERNAL_SERVER_ERROR, words)
    }

    pub(super) fn from_picture(error: &ReadError) -> Self {
        Self(StatusCode::UNPROCESSABLE_ENTITY, error.to_string())
    }
}

impl IntoResponse for LiveFailure {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "message": self.1 }))).into_response()
    }
}

impl From<JsonRejection> for LiveFailure {
    fn from(rejection: JsonRejection) -> Self {
        Refusal::from(rejection).into()
    }
}

impl From<Refusal> for LiveFailure {
    fn from(refusal: Refusal) -> Self {
        Self(refusal.status().0, refusal.to_string())
    }
}

impl From<DeskError> for LiveFailure {
    fn from(error: DeskError) -> Self {
        let status = match error {
            DeskError::Options(_) => StatusCode::BAD_REQUEST,
            DeskError::Invite(_) => StatusCode::INTERNAL_SERVER_ERROR,
            DeskError::TooMany => StatusCode::SERVICE_UNAVAILABLE,
            DeskError::Unknown => StatusCode::NOT_FOUND,
        };
        Self(status, error.to_string())
    }
}

impl From<PhoneRefusal> for LiveFailure {
    fn from(refusal: PhoneRefusal) -> Self {
        let status = match refusal {
            PhoneRefusal::NoSuchPhone | PhoneRefusal::NoSuchPasskey => StatusCode::NOT_FOUND,
            PhoneRefusal::OtherCode => StatusCode::UNPROCESSABLE_ENTITY,
            PhoneRefusal::Store(_) => StatusCode::INTERNAL_SERVER_ERROR,
            PhoneRefusal::Busy | PhoneRefusal::NothingOnScreen | PhoneRefusal::NothingAsked => {
                StatusCode::CONFLICT
            }
        };
        Self(status, refusal.to_string())
    }
}

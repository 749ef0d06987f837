//! The laptop's browser, as far as the site is concerned: requests, answers and a cookie.

use std::net::SocketAddr;

use axum::body::Bytes;
use axum::http::{HeaderValue, Request, StatusCode, header};
use axum_extra::extract::cookie::Cookie;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use webauthn_rs::prelude::Url;

use crate::relying_party::Standing;

/// Talks to one site.
pub(super) struct Browser {
    client: Client<HttpConnector, Full<Bytes>>,
    address: SocketAddr,
    origin: Url,
    cookie: Option<HeaderValue>,
}

/// Why the site gave no good answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BrowserError {
    /// The site does not answer.
    #[error("the site does not answer")]
    Unreachable(#[source] Cause),
    /// The site refused, in its own words.
    #[error("the site refused ({status}): {message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The site's sentence.
        message: String,
    },
    /// The answer is not what it should be.
    #[error("the site's answer cannot be read")]
    Unreadable(#[source] Cause),
}

/// The error of an HTTP or JSON library underneath.
pub(super) type Cause = Box<dyn std::error::Error + Send + Sync>;

#[derive(Deserialize)]
struct Refusal {
    message: String,
}

impl Browser {
    /// A browser without cookies. It resolves the origin's host to `address`.
    pub(super) fn new(address: SocketAddr, origin: Url) -> Self {
        Self {
            client: Client::builder(TokioExecutor::new()).build_http(),
            address,
            origin,
            cookie: None,
        }
    }

    pub(super) async fn password(
        &mut self,
        user: &str,
        password: &str,
    ) -> Result<Standing, BrowserError> {
        let body = serde_json::json!({"user": user, "password": password});
        self.post("/password", &body).await
    }

    /// Posts JSON and reads JSON.
    pub(super) async fn post<T: DeserializeOwned>(
        &mut self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, BrowserError> {
        let body = serde_json::to_vec(body).map_err(unreadable)?;
        let request = Request::post(self.url(path))
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ORIGIN, self.origin.origin().ascii_serialization());
        self.send(request, body).await
    }

    pub(super) async fn get<T: DeserializeOwned>(&mut self, path: &str) -> Result<T, BrowserError> {
        self.send(Request::get(self.url(path)), Vec::new()).await
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    async fn send<T: DeserializeOwned>(
        &mut self,
        mut request: axum::http::request::Builder,
        body: Vec<u8>,
    ) -> Result<T, BrowserError> {
        request = request.header(header::HOST, self.origin.authority());
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        let request = request.body(Full::from(body)).map_err(unreadable)?;
        let response = self.client.request(request).await;
        let response = response.map_err(|error| BrowserError::Unreachable(error.into()))?;
        if let Some(cookie) = response.headers().get(header::SET_COOKIE) {
            self.keep(cookie)?;
        }
        let status = response.status();
        let body = Limited::new(response.into_body(), MAX_ANSWER);
        let body = body.collect().await.map_err(BrowserError::Unreadable)?;
        read(status, &body.to_bytes())
    }

    fn keep(&mut self, set: &HeaderValue) -> Result<(), BrowserError> {
        let set = set.to_str().map_err(unreadable)?;
        let cookie = Cookie::parse(set).map_err(unreadable)?;
        let pair = format!("{}={}", cookie.name(), cookie.value());
        self.cookie = Some(pair.parse().map_err(unreadable)?);
        Ok(())
    }
}

fn read<T: DeserializeOwned>(status: StatusCode, body: &[u8]) -> Result<T, BrowserError> {
    if status.is_success() {
        return serde_json::from_slice(body).map_err(unreadable);
    }
    let refusal: Refusal = serde_json::from_slice(body).map_err(unreadable)?;
    Err(BrowserError::Refused {
        status: status.as_u16(),
        message: refusal.message,
    })
}

fn unreadable(error: impl Into<Cause>) -> BrowserError {
    BrowserError::Unreadable(error.into())
}

/// Largest answer, in bytes.
const MAX_ANSWER: usize = 1024 * 1024;

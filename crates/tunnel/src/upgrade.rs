//! The WebSocket upgrade and what its answer must say (RFC 6455 §4.1, CTAP 2.2 §11.5).

use std::io;
use std::time::Duration;

use hawser_wire::{RoutingId, TunnelPath, header};
use http::header::{
    CONNECTION, HOST, ORIGIN, RETRY_AFTER, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, StatusCode};
use tokio_tungstenite::client_async_with_config;
use tokio_tungstenite::tungstenite::error::{ProtocolError, SubProtocolError};
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::{self, Error as WsError};

use crate::connect::ByteStream;
use crate::deadline::Deadline;
use crate::open_error::{DialStage, OpenError, Request};
use crate::service::Service;
use crate::tunnel::{Tunnel, websocket_config};

/// Turns a byte stream into a tunnel. Returns the headers of the answer with it.
pub(crate) async fn upgrade(
    service: &Service,
    stream: Box<dyn ByteStream>,
    request: Request,
    path: &TunnelPath,
    headers: HeaderMap,
    deadline: &Deadline,
) -> Result<(Tunnel, HeaderMap), OpenError> {
    let http_request = http_request(service, path, headers).map_err(OpenError::Request)?;
    let answer = client_async_with_config(http_request, stream, Some(websocket_config()));
    let (socket, answer) = deadline
        .bound(DialStage::Upgrade, answer)
        .await?
        .map_err(|error| open_error(request, error))?;
    let headers = answer.into_parts().0.headers;
    check_answer(&headers)?;
    Ok((Tunnel::new(socket), headers))
}

/// The routing id in the answer to `/cable/new`: exactly one, exactly 6 hex digits.
pub(crate) fn routing_id(answer: &HeaderMap) -> Result<RoutingId, OpenError> {
    let mut values = answer.get_all(header::ROUTING_ID).iter();
    let value = values.next().ok_or(OpenError::RoutingIdMissing)?;
    if values.next().is_some() {
        return Err(OpenError::RoutingIdRepeated);
    }
    // What is not UTF-8 has no hex digits either; the parser then says where.
    String::from_utf8_lossy(value.as_bytes())
        .parse()
        .map_err(OpenError::RoutingIdMalformed)
}

fn http_request(
    service: &Service,
    path: &TunnelPath,
    headers: HeaderMap,
) -> Result<tungstenite::handshake::client::Request, http::Error> {
    let mut request = http::Request::builder()
        .uri(service.url(&path.to_string()))
        .header(HOST, service.authority())
        .header(ORIGIN, service.origin())
        .header(CONNECTION, "Upgrade")
        .header(UPGRADE, "websocket")
        .header(SEC_WEBSOCKET_VERSION, "13")
        .header(SEC_WEBSOCKET_KEY, generate_key())
        .header(SEC_WEBSOCKET_PROTOCOL, header::SUBPROTOCOL)
        .body(())?;
    request.headers_mut().extend(headers);
    Ok(request)
}

/// What tungstenite leaves open: it looks at the first sub-protocol only, and at no extension.
fn check_answer(headers: &HeaderMap) -> Result<(), OpenError> {
    if headers.contains_key(SEC_WEBSOCKET_EXTENSIONS) {
        return Err(OpenError::Extension);
    }
    if headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter().count() > 1 {
        return Err(OpenError::SubProtocolWrong);
    }
    Ok(())
}

fn open_error(request: Request, error: WsError) -> OpenError {
    match error {
        WsError::Http(answer) => refused(request, answer.status(), answer.headers()),
        WsError::Io(source) => OpenError::Lost(source),
        WsError::Protocol(ProtocolError::HandshakeIncomplete) => {
            OpenError::Lost(io::ErrorKind::UnexpectedEof.into())
        }
        WsError::Protocol(ProtocolError::SecWebSocketSubProtocolError(error)) => match error {
            SubProtocolError::NoSubProtocol => OpenError::SubProtocolMissing,
            _ => OpenError::SubProtocolWrong,
        },
        WsError::Protocol(ProtocolError::HttparseError(_) | ProtocolError::WrongHttpVersion)
        | WsError::HttpFormat(_) => OpenError::NotHttp(error.into()),
        error => OpenError::Upgrade(error.into()),
    }
}

fn refused(request: Request, status: StatusCode, headers: &HeaderMap) -> OpenError {
    if request == Request::Contact && status == StatusCode::GONE {
        return OpenError::Gone;
    }
    let retry_after = headers
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.trim().parse().ok())
        .map(Duration::from_secs);
    OpenError::Refused {
        status: status.as_u16(),
        request,
        retry_after,
    }
}

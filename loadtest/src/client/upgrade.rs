//! The request for a tunnel and the answer to it (RFC 6455 §4, CTAP 2.2 §11.5).

use data_encoding::BASE64;
use hawser_wire::{RoutingId, TunnelPath, header};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::client::stream::Stream;
use crate::client::target::Target;
use crate::fault::{Failure, Fault, Trouble};

/// Header fields of an answer that are looked at; a proxy adds about ten.
const FIELDS_MAX: usize = 64;

/// Bytes of an answer's head.
const HEAD_MAX: usize = 16 * 1024;

/// What a good answer holds.
#[derive(Debug)]
pub(crate) struct Upgraded {
    /// On the answer to `new`.
    pub(crate) routing: Option<RoutingId>,
    /// Bytes that came right behind the answer.
    pub(crate) early: Vec<u8>,
}

/// Asks for a tunnel.
pub(crate) async fn upgrade(
    stream: &mut Stream,
    target: &Target,
    path: &TunnelPath,
) -> Result<Upgraded, Trouble> {
    let key = BASE64.encode(&fastrand::u128(..).to_ne_bytes());
    let (host, scheme) = (&target.authority, target.scheme);
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nPragma: no-cache\r\n\
         Cache-Control: no-cache\r\nUpgrade: websocket\r\nOrigin: {scheme}://{host}\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\
         Sec-WebSocket-Protocol: {protocol}\r\nUser-Agent: hawser-loadtest\r\n\r\n",
        protocol = header::SUBPROTOCOL,
    );
    let broken = |_| Trouble::from(Failure::Broken);
    stream.write_all(request.as_bytes()).await.map_err(broken)?;
    stream.flush().await.map_err(broken)?;

    let mut head = Vec::with_capacity(1024);
    loop {
        let read = stream.read_buf(&mut head).await.map_err(broken)?;
        if read == 0 {
            return Err(Failure::Broken.into());
        }
        if let Some((used, routing)) = parse(&head, path, &key)? {
            head.drain(..used);
            return Ok(Upgraded {
                routing,
                early: head,
            });
        }
        if head.len() > HEAD_MAX {
            return Err(Fault::BadUpgrade.into());
        }
    }
}

/// Judges an answer's head; `None` while it is incomplete.
fn parse(
    head: &[u8],
    path: &TunnelPath,
    key: &str,
) -> Result<Option<(usize, Option<RoutingId>)>, Trouble> {
    const BAD: Trouble = Trouble::Fault(Fault::BadUpgrade);
    let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
    let mut response = httparse::Response::new(&mut fields);
    let used = match response.parse(head).map_err(|_| BAD)? {
        httparse::Status::Partial => return Ok(None),
        httparse::Status::Complete(used) => used,
    };
    let is_open = matches!(path, TunnelPath::New(_));
    match response.code {
        Some(101) => {}
        Some(status) if is_open => return Err(Trouble::Failure(Failure::OpenRefused, status)),
        Some(status) => return Err(Trouble::Failure(Failure::JoinRefused, status)),
        None => return Err(BAD),
    }
    let values = |name: &'static str| {
        let named = response
            .headers
            .iter()
            .filter(move |h| h.name.eq_ignore_ascii_case(name));
        named.map(|h| h.value.trim_ascii())
    };
    let is_one = |name, expected: &str| {
        let mut all = values(name);
        let first = all.next();
        all.next().is_none() && first.is_some_and(|v| v.eq_ignore_ascii_case(expected.as_bytes()))
    };
    let accept = derive_accept_key(key.as_bytes());
    let mut accepts = values("sec-websocket-accept");
    if accepts.next() != Some(accept.as_bytes())
        || accepts.next().is_some()
        || !is_one("upgrade", "websocket")
        || !is_one("sec-websocket-protocol", header::SUBPROTOCOL)
        || values("sec-websocket-extensions").next().is_some()
    {
        return Err(BAD);
    }
    if !is_open {
        return Ok(Some((used, None)));
    }
    let mut ids = values(header::ROUTING_ID);
    let id = ids.next().and_then(|id| std::str::from_utf8(id).ok());
    let id = id.and_then(|id| id.parse().ok()).ok_or(BAD)?;
    if ids.next().is_some() {
        return Err(BAD);
    }
    Ok(Some((used, Some(id))))
}

#[cfg(test)]
mod tests {
    use hawser_wire::TunnelId;

    use super::*;

    const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
    const GOOD: &str = "HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\n\
        Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
        Sec-WebSocket-Protocol: fido.cable\r\nX-caBLE-Routing-ID: 0a0B0c\r\n\r\n";

    fn judge(answer: &str) -> Result<Option<(usize, Option<RoutingId>)>, Trouble> {
        let path = TunnelPath::New(TunnelId::from_bytes([7; 16]));
        parse(answer.as_bytes(), &path, KEY)
    }

    #[test]
    fn a_good_answer_names_the_instance() {
        let routing = RoutingId::from_bytes([0x0a, 0x0b, 0x0c]);
        assert_eq!(judge(GOOD), Ok(Some((GOOD.len(), Some(routing)))));
        for len in 0..GOOD.len() {
            assert_eq!(judge(&GOOD[..len]), Ok(None), "{len} bytes");
        }
    }

    #[test]
    fn a_refusal_is_a_failure_with_its_status() {
        let refused = judge("HTTP/1.1 503 Service Unavailable\r\n\r\n");
        assert_eq!(refused, Err(Trouble::Failure(Failure::OpenRefused, 503)));
    }

    #[test]
    fn an_answer_that_breaks_the_rules_is_a_fault() {
        let edits = [
            ("s3pP", "s3pQ"),
            ("fido.cable", "other"),
            ("0a0B0c", "0a0B0"),
            ("X-caBLE-Routing-ID: 0a0B0c\r\n", ""),
            (
                "\r\n\r\n",
                "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
            ),
            ("\r\n\r\n", "\r\nX-caBLE-Routing-ID: 0a0B0c\r\n\r\n"),
            ("upgrade: WebSocket", "upgrade: h2c"),
        ];
        for (from, to) in edits {
            let answer = GOOD.replacen(from, to, 1);
            assert_eq!(
                judge(&answer),
                Err(Fault::BadUpgrade.into()),
                "{from:?} as {to:?}"
            );
        }
        assert_eq!(judge("SSH-2.0-OpenSSH\r\n"), Err(Fault::BadUpgrade.into()));
    }
}

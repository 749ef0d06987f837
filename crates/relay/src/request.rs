//! The one request on a connection: reads its head with httparse and says what is wrong with it.
//!
//! No request body is ever read and a connection carries one request, so there is nothing to
//! smuggle: a message with a body is refused and its connection closed.

use httparse::{EMPTY_HEADER, Header, Status};

use crate::refusal::Refusal;

/// Header fields in a head: a browser sends about 13.
const FIELDS_MAX: usize = 64;

/// A request head. Borrows from the bytes it was read from.
#[derive(Debug, Clone, Copy)]
pub struct RequestHead<'a> {
    /// `GET` and so on, as sent.
    pub method: &'a str,
    /// The request target, as sent: a path, or a whole URL (RFC 9112 §3.2).
    pub target: &'a str,
    /// Names as sent, in order; values without surrounding blanks.
    pub fields: &'a [Header<'a>],
}

impl<'a> RequestHead<'a> {
    /// Every value of a field, in order. `name` is compared without regard to case.
    pub fn values<'n>(&self, name: &'n str) -> impl Iterator<Item = &'a [u8]> + use<'a, 'n> {
        self.fields
            .iter()
            .filter(move |field| field.name.eq_ignore_ascii_case(name))
            .map(|field| field.value)
    }

    /// Whether one of the comma-separated elements of a field (RFC 9110 §5.6.1) fits.
    pub fn lists(&self, name: &str, fits: impl Fn(&[u8]) -> bool) -> bool {
        self.values(name)
            .flat_map(|value| value.split(|byte| *byte == b','))
            .any(|element| fits(element.trim_ascii()))
    }
}

/// Parses a head at the start of `bytes` and hands it to `then`, with the number of its bytes and
/// whether RFC 9112 has anything against it. `None` while the head is incomplete.
///
/// # Errors
/// The refusal that a malformed head deserves.
pub(crate) fn with_head<T>(
    bytes: &[u8],
    then: impl FnOnce(&RequestHead<'_>, usize, Result<(), Refusal>) -> T,
) -> Result<Option<T>, Refusal> {
    let mut fields = [EMPTY_HEADER; FIELDS_MAX];
    let mut request = httparse::Request::new(&mut fields);
    let len = match request.parse(bytes) {
        Ok(Status::Complete(len)) => len,
        Ok(Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(Refusal::HeadTooLarge),
        Err(httparse::Error::Version) => return Err(Refusal::HttpVersion),
        Err(_) => return Err(Refusal::Malformed),
    };
    let is_1_1 = request.version == Some(1);
    let head = RequestHead {
        method: request.method.unwrap_or_default(),
        target: request.path.unwrap_or_default(),
        fields: request.headers,
    };
    let checked = if is_1_1 {
        check(&head)
    } else {
        Err(Refusal::HttpVersion)
    };
    Ok(Some(then(&head, len, checked)))
}

/// What RFC 9112 demands of every request, and no body.
fn check(head: &RequestHead<'_>) -> Result<(), Refusal> {
    let mut hosts = 0;
    for field in head.fields {
        if field.name.eq_ignore_ascii_case("host") {
            hosts += 1;
        } else if field.name.eq_ignore_ascii_case("transfer-encoding")
            || (field.name.eq_ignore_ascii_case("content-length") && field.value != b"0")
        {
            return Err(Refusal::Body);
        } else if field.name.eq_ignore_ascii_case("expect") {
            return Err(Refusal::Expect);
        }
    }
    if hosts == 1 {
        Ok(())
    } else {
        Err(Refusal::Host)
    }
}

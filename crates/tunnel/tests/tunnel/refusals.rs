//! Every answer that is not 101.

use std::time::Duration;

use futures_util::FutureExt as _;
use hawser_tunnel::{OpenError, Request};
use hawser_wire::ContactId;

use crate::server::{ID, ROUTING, Service, domain};

async fn refused(request: Request, answer: &str) -> OpenError {
    let service = Service::start().await;
    let dialer = service.dialer();
    let ask = async {
        match request {
            Request::Open => dialer.open(domain(), ID).await.map(|_| ()),
            Request::Join => dialer.join(domain(), ROUTING, ID).await.map(|_| ()),
            _ => {
                let contact = ContactId::from_bytes([1]).unwrap();
                dialer
                    .contact(domain(), &contact, &[0xA0])
                    .await
                    .map(|_| ())
            }
        }
    };
    let (result, _stream) =
        tokio::join!(ask, async { service.accept().await.answer(answer).await });
    result.unwrap_err()
}

#[tokio::test]
async fn a_status_is_carried_and_put_in_words() {
    for (request, status, words) in [
        (Request::Join, 302, "redirects"),
        (Request::Join, 400, "does not understand"),
        (Request::Join, 403, "does not serve this client"),
        (
            Request::Join,
            404,
            "the phone is not waiting there (any more)",
        ),
        (Request::Open, 404, "no tunnel service at this address"),
        (Request::Contact, 404, "does not know this phone"),
        (Request::Open, 409, "tunnel id is in use"),
        (Request::Join, 410, "the link is dead"),
        (Request::Join, 429, "too many requests"),
        (Request::Join, 500, "a fault"),
        (Request::Join, 502, "cannot be reached"),
        (Request::Open, 503, "full or shutting down"),
        (Request::Join, 200, "no reason"),
        (Request::Join, 999, "no reason"),
    ] {
        let error = refused(request, &format!("HTTP/1.1 {status} X\r\n\r\n")).await;
        let OpenError::Refused {
            status: found,
            request: asked,
            retry_after: None,
        } = error
        else {
            panic!("{status}: {error:?}");
        };
        assert_eq!((found, asked), (status, request));
        let text = error.to_string();
        assert!(
            text.contains(words) && text.contains(&status.to_string()),
            "{text}"
        );
    }
}

#[tokio::test]
async fn retry_after_is_carried_when_it_is_a_number_of_seconds() {
    for (value, expected) in [
        ("30", Some(Duration::from_secs(30))),
        ("Fri, 31 Dec 1999 23:59:59 GMT", None),
        ("-1", None),
        ("99999999999999999999999", None),
    ] {
        let answer = format!("HTTP/1.1 503 X\r\nRetry-After: {value}\r\n\r\n");
        let error = refused(Request::Open, &answer).await;
        let OpenError::Refused {
            status: 503,
            retry_after,
            ..
        } = error
        else {
            panic!("{error:?}");
        };
        assert_eq!(retry_after, expected, "{value}");
        assert_eq!(
            error.to_string().ends_with("; try again in 30 s"),
            expected.is_some()
        );
    }
}

#[tokio::test]
async fn a_dead_link_is_told_apart_when_the_phone_is_contacted() {
    let error = refused(Request::Contact, "HTTP/1.1 410 Gone\r\n\r\n").await;
    assert!(matches!(error, OpenError::Gone), "{error:?}");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let service = Service::start().await;
    let dialer = service.dialer();
    let elsewhere = Service::start().await;
    let answer = format!(
        "HTTP/1.1 302 Found\r\nLocation: ws://{}/cable/new/{}\r\n\r\n",
        elsewhere.address(),
        ID.to_hex()
    );
    let (result, _stream) = tokio::join!(dialer.open(domain(), ID), async {
        service.accept().await.answer(&answer).await
    });
    assert!(matches!(
        result.unwrap_err(),
        OpenError::Refused { status: 302, .. }
    ));
    assert!(
        elsewhere.accept_tcp().now_or_never().is_none(),
        "the redirect was followed"
    );
}

//! The laptop and the phone of the demo, through the addresses that scripts use.

use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use axum::http::{Request, StatusCode, header};
use hawser_demo::qr_picture;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use tower::ServiceExt as _;

use crate::visitor::{Harbour, Visitor};

/// The first event of a stream: the state now.
async fn state(visitor: &Visitor, router: axum::Router, path: &str) -> Value {
    let mut request = Request::get(path).body(Body::empty()).unwrap();
    if let Some(cookie) = &visitor.cookie {
        request
            .headers_mut()
            .insert(header::COOKIE, cookie.parse().unwrap());
    }
    let response = router.oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let mut body = Box::pin(response.into_body());
    let frame = std::future::poll_fn(|cx| body.as_mut().poll_frame(cx)).await;
    let bytes = frame.unwrap().unwrap().into_data().unwrap();
    let text = std::str::from_utf8(&bytes).unwrap();
    serde_json::from_str(text.strip_prefix("data: ").unwrap().trim()).unwrap()
}

/// Waits until a state is as wanted, for half a minute at most.
async fn until(
    harbour: &Harbour,
    visitor: &Visitor,
    path: &str,
    wanted: impl Fn(&Value) -> bool,
) -> Value {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let seen = state(visitor, harbour.0.router(), path).await;
        if wanted(&seen) {
            return seen;
        }
        assert!(Instant::now() < deadline, "{path}: {seen}");
        sleep(Duration::from_millis(20)).await;
    }
}

/// Begins a ceremony and returns where it is.
async fn begin(visitor: &mut Visitor, operation: &str) -> String {
    let path = if operation == "register" {
        "/register/begin"
    } else {
        "/sign-in/begin"
    };
    let options = visitor.options(path, &Value::Null).await;
    let wish = json!({"operation": operation, "options": options});
    let page = visitor.post_json("/laptop", &wish).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    format!("/laptop/{}", page.json()["id"].as_str().unwrap())
}

async fn scan(harbour: &Harbour, visitor: &mut Visitor, phone: &str, ceremony: &str) {
    let events = format!("{ceremony}/events");
    until(harbour, visitor, &events, |view| {
        view["stages"][0]["name"] == "waiting-for-scan"
    })
    .await;
    let page = visitor
        .post_json(&format!("/phone/{phone}/look"), &Value::Null)
        .await;
    assert_eq!(page.status, StatusCode::ACCEPTED, "{}", page.text);
}

/// Lets a phone answer, and hands the answer in.
async fn approve(
    harbour: &Harbour,
    visitor: &mut Visitor,
    phone: &str,
    operation: &str,
) -> (StatusCode, Value) {
    let ceremony = begin(visitor, operation).await;
    scan(harbour, visitor, phone, &ceremony).await;
    let events = format!("/phone/{phone}/events");
    let asked = until(harbour, visitor, &events, |screen| {
        screen["ask"].is_object()
    })
    .await;
    let ask = &asked["ask"];
    assert_eq!(ask["site"], "localhost");
    assert_eq!(ask["accounts"][0]["name"], "alice");
    let decided = json!({"ask": ask["number"], "approve": true, "account": 0});
    let page = visitor
        .post_json(&format!("/phone/{phone}/decide"), &decided)
        .await;
    assert_eq!(page.status, StatusCode::NO_CONTENT, "{}", page.text);
    let events = format!("{ceremony}/events");
    let over = until(harbour, visitor, &events, |view| {
        view["answer"].is_object() || view["failure"].is_string()
    })
    .await;
    let page = visitor
        .post_json(&format!("/{operation}/finish"), &over["answer"])
        .await;
    (page.status, over)
}

#[tokio::test]
async fn a_phone_enrols_and_signs_in() {
    let harbour = Harbour::open().await;
    let (mut alice, _) = harbour.visitor_after_password("alice").await;
    let (status, over) = approve(&harbour, &mut alice, "coral", "register").await;
    assert_eq!(status, StatusCode::OK, "{over}");
    let (status, over) = approve(&harbour, &mut alice, "coral", "sign-in").await;
    assert_eq!(status, StatusCode::OK, "{over}");
    let stages: Vec<_> = over["stages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| &s["name"])
        .collect();
    let expected = [
        "waiting-for-scan",
        "phone-nearby",
        "connected",
        "secured",
        "waiting-for-approval",
        "answered",
    ];
    assert_eq!(stages, expected);

    let screen = until(&harbour, &alice, "/phone/coral/events", |s| {
        s["state"] == "done"
    })
    .await;
    assert_eq!(screen["words"], "Signed in on the laptop.");
    assert_eq!(screen["passkeys"][0]["user"], "alice");
    assert_eq!(screen["passkeys"][0]["site"], "localhost");
    let page = alice.get("/devices").await;
    assert!(page.text.contains("Synced"));
}

#[tokio::test]
async fn a_phone_that_declines_signs_nobody_in() {
    let harbour = Harbour::open().await;
    let (mut alice, _) = harbour.visitor_after_password("alice").await;
    let ceremony = begin(&mut alice, "register").await;
    scan(&harbour, &mut alice, "slate", &ceremony).await;
    let asked = until(&harbour, &alice, "/phone/slate/events", |s| {
        s["ask"].is_object()
    })
    .await;
    // What was pressed for another question does not count.
    let number = asked["ask"]["number"].as_u64().unwrap();
    for other in [number - 1, number + 1] {
        let wrong = json!({"ask": other, "approve": true});
        let page = alice.post_json("/phone/slate/decide", &wrong).await;
        assert_eq!(page.status, StatusCode::CONFLICT, "{}", page.text);
    }
    let declined = json!({"ask": number, "approve": false});
    let page = alice.post_json("/phone/slate/decide", &declined).await;
    assert_eq!(page.status, StatusCode::NO_CONTENT, "{}", page.text);
    let events = format!("{ceremony}/events");
    let over = until(&harbour, &alice, &events, |v| v["failure"].is_string()).await;
    let words = over["failure"].as_str().unwrap();
    assert!(words.contains("declined on the phone"), "{words}");
    let screen = until(&harbour, &alice, "/phone/slate/events", |s| {
        s["state"] == "idle"
    })
    .await;
    assert_eq!(screen["words"], "Declined. Nothing was sent.");
    assert_eq!(screen["passkeys"], json!([]));
    assert_eq!(alice.get("/me").await.json()["passkeys"], 0);
}

#[tokio::test]
async fn a_phone_has_one_passkey_for_an_account() {
    let harbour = Harbour::open().await;
    let (mut alice, _) = harbour.visitor_after_password("alice").await;
    approve(&harbour, &mut alice, "coral", "register").await;
    approve(&harbour, &mut alice, "coral", "sign-in").await;
    // The site excludes it, and the phone says so after asking its person.
    let (_, over) = approve(&harbour, &mut alice, "coral", "register").await;
    let words = over["failure"].as_str().unwrap();
    assert!(
        words.contains("has a passkey for the account already"),
        "{words}"
    );
}

#[tokio::test]
async fn a_screenshot_is_scanned_and_other_pictures_are_not() {
    let harbour = Harbour::open().await;
    let (mut alice, _) = harbour.visitor_after_password("alice").await;
    let nothing = alice.post_json("/phone/coral/look", &Value::Null).await;
    assert_eq!(nothing.status, StatusCode::CONFLICT);
    assert!(nothing.text.contains("start a sign-in first"));

    let ceremony = begin(&mut alice, "register").await;
    let code = alice.get(&format!("{ceremony}/code.png")).await;
    assert_eq!(code.headers[header::CONTENT_TYPE], "image/png");
    assert!(
        qr_picture::read_image(&code.bytes)
            .unwrap()
            .starts_with("FIDO:/")
    );

    let other = qr_picture::Picture::of("https://example.com")
        .unwrap()
        .png()
        .unwrap();
    for (picture, words) in [
        (b"no picture".to_vec(), "not a readable PNG or JPEG"),
        // Screenshots are larger than forms may be.
        (vec![0; 1_000_000], "not a readable PNG or JPEG"),
        (other, "not a passkey invitation"),
    ] {
        let request = Request::post("/phone/coral/scan").body(Body::from(picture));
        let refused = alice.send(request.unwrap()).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.text.contains(words), "{}", refused.text);
    }
    let request = Request::post("/phone/coral/scan").body(Body::from(code.bytes));
    let scanned = alice.send(request.unwrap()).await;
    assert_eq!(scanned.status, StatusCode::ACCEPTED, "{}", scanned.text);
    until(&harbour, &alice, "/phone/coral/events", |s| {
        s["ask"].is_object()
    })
    .await;
    let busy = alice.post_json("/phone/coral/look", &Value::Null).await;
    assert_eq!(busy.status, StatusCode::CONFLICT);

    alice
        .post_json(&format!("{ceremony}/cancel"), &Value::Null)
        .await;
    let screen = until(&harbour, &alice, "/phone/coral/events", |s| {
        s["ask"].is_null()
    })
    .await;
    assert!(screen["passkeys"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn somebody_elses_ceremony_is_out_of_sight() {
    let harbour = Harbour::open().await;
    let (mut alice, _) = harbour.visitor_after_password("alice").await;
    let (mut bob, _) = harbour.visitor_after_password("bob").await;
    let ceremony = begin(&mut alice, "register").await;
    for path in ["/events", "/code.png"] {
        let page = bob.get(&format!("{ceremony}{path}")).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
    }
    let page = bob
        .post_json(&format!("{ceremony}/cancel"), &Value::Null)
        .await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    let stranger = harbour.visitor().get(&format!("{ceremony}/code.png")).await;
    assert_eq!(stranger.status, StatusCode::UNAUTHORIZED);
}

/// Alice has registered one, and the phone is done.
async fn with_a_passkey_on_coral() -> (Harbour, Visitor) {
    let harbour = Harbour::open().await;
    let (mut alice, _) = harbour.visitor_after_password("alice").await;
    approve(&harbour, &mut alice, "coral", "register").await;
    until(&harbour, &alice, "/phone/coral/events", |s| {
        s["state"] == "done"
    })
    .await;
    (harbour, alice)
}

#[tokio::test]
async fn a_lost_phone_has_no_passkeys() {
    let (harbour, mut alice) = with_a_passkey_on_coral().await;
    let unknown = alice
        .post_json("/phone/coral/forget", &json!({"passkey": "AAAA"}))
        .await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    let lost = alice
        .post_json("/phone/coral/forget", &json!({"passkey": null}))
        .await;
    assert_eq!(lost.status, StatusCode::NO_CONTENT);
    let screen = state(&alice, harbour.0.router(), "/phone/coral/events").await;
    assert_eq!(screen["passkeys"], json!([]));
}

#[tokio::test]
async fn the_wire_view_shows_lengths_in_the_middle_and_meaning_at_the_ends() {
    let (harbour, _) = with_a_passkey_on_coral().await;

    let response = harbour.0.router();
    let request = Request::get("/wire/events").body(Body::empty()).unwrap();
    let response = response.oneshot(request).await.unwrap();
    let mut body = Box::pin(response.into_body());
    let mut sights: Vec<Value> = Vec::new();
    while !sights.iter().any(|sight| {
        sight["what"]
            .as_str()
            .unwrap()
            .contains("hands it to the site")
    }) {
        let frame = std::future::poll_fn(|cx| body.as_mut().poll_frame(cx)).await;
        let bytes = frame.unwrap().unwrap().into_data().unwrap();
        let text = std::str::from_utf8(&bytes).unwrap();
        let data = text
            .lines()
            .find_map(|line| line.strip_prefix("data: "))
            .unwrap();
        sights.push(serde_json::from_str(data).unwrap());
    }
    let relay: Vec<_> = sights
        .iter()
        .filter(|sight| sight["by"] == "relay")
        .collect();
    let messages: Vec<_> = relay
        .iter()
        .filter(|sight| sight["bytes"].is_u64())
        .collect();
    // Both handshake messages, what the phone says about itself, its update, request and reply.
    assert!(messages.len() >= 6, "{messages:?}");
    assert_eq!(
        (&messages[0]["towards"], &messages[0]["bytes"]),
        (&json!("phone"), &json!(81))
    );
    assert_eq!(
        (&messages[1]["towards"], &messages[1]["bytes"]),
        (&json!("laptop"), &json!(81))
    );
    // The relay knows neither the site nor the user.
    assert!(relay.iter().all(|sight| {
        let what = sight["what"].as_str().unwrap();
        !what.contains("localhost") && !what.contains("alice")
    }));
    let said = |by: &str, words: &str| {
        sights
            .iter()
            .any(|sight| sight["by"] == by && sight["what"].as_str().unwrap().contains(words))
    };
    assert!(said(
        "laptop",
        "asked by localhost for a new passkey for alice"
    ));
    assert!(said("phone", "create a passkey for localhost?"));
    assert!(said("phone", "the person approves"));
}

#[tokio::test]
async fn leaving_takes_the_code_off_the_screen() {
    let harbour = Harbour::open().await;
    let (mut alice, _) = harbour.visitor_after_password("alice").await;
    let ceremony = begin(&mut alice, "register").await;
    until(&harbour, &alice, &format!("{ceremony}/events"), |view| {
        view["stages"][0]["name"] == "waiting-for-scan"
    })
    .await;
    let cookie = alice.cookie.clone();
    alice.post("/leave", &[]).await.assert_leads_to("/sign-in");
    let nothing = alice.post_json("/phone/coral/look", &Value::Null).await;
    assert_eq!(nothing.status, StatusCode::CONFLICT, "{}", nothing.text);
    alice.cookie = cookie;
    let code = alice.get(&format!("{ceremony}/code.png")).await;
    assert_eq!(code.status, StatusCode::NOT_FOUND);
}

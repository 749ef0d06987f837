//! The limits of the pages, at the limit and one past it, and the counters that tell of them.

use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::http::{Request, StatusCode, header};
use hawser_demo::console::{MAX_PICTURES, MAX_STREAMS};
use hawser_demo::qr_picture::MAX_IMAGE_FILE;
use hawser_demo::relying_party::{
    LOCK_OUT, MAX_BODY, MAX_CREDENTIAL_ID, MAX_GUESSES, MAX_NOTES, MAX_TRIES_PER_CLIENT,
    THROTTLE_WINDOW,
};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::forger::{Forger, GOOD};
use crate::visitor::{Harbour, Page, Visitor};

/// How often a limit was reached.
async fn count(harbour: &Harbour, limit: &str) -> u64 {
    let page = harbour.visitor().get("/metrics").await;
    assert_eq!(page.status, StatusCode::OK);
    let kind = page.headers[header::CONTENT_TYPE].to_str().unwrap();
    assert!(kind.starts_with("text/plain; version=0.0.4"), "{kind}");
    let line = format!("hawser_demo_limit_reached_total{{limit=\"{limit}\"}} ");
    let counts = page.text.lines().find_map(|text| text.strip_prefix(&line));
    let count = counts.unwrap_or_else(|| panic!("no {line} in {}", page.text));
    count.parse().unwrap()
}

#[tokio::test]
async fn pages_that_listen_have_so_many_places_and_not_one_more() {
    let harbour = Harbour::open().await;
    let listen = async |path: &str| {
        let request = Request::get(path).body(Body::empty()).unwrap();
        harbour.0.router().oneshot(request).await.unwrap()
    };
    let mut open = Vec::new();
    for n in 0..MAX_STREAMS {
        let path = ["/wire/events", "/phone/coral/events"][n % 2];
        let stream = listen(path).await;
        assert_eq!(stream.status(), StatusCode::OK);
        open.push(stream);
    }
    assert_eq!(count(&harbour, "streams").await, 0);
    for (n, path) in [(1, "/wire/events"), (2, "/phone/coral/events")] {
        assert_eq!(listen(path).await.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(count(&harbour, "streams").await, n);
    }
    open.pop();
    assert_eq!(listen("/wire/events").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn so_many_pictures_are_read_at_a_time_and_not_one_more() {
    let harbour = Harbour::open().await;
    let upload = |body| {
        let request = Request::post("/phone/coral/scan").body(body).unwrap();
        tokio::spawn(harbour.0.router().oneshot(request))
    };
    // Uploads that never end.
    let slow: Vec<_> = (0..MAX_PICTURES)
        .map(|_| {
            let body = futures_util::stream::pending::<Result<Bytes, std::io::Error>>();
            upload(Body::from_stream(body))
        })
        .collect();
    tokio::task::yield_now().await;
    assert_eq!(count(&harbour, "pictures").await, 0);
    let mut alice = harbour.visitor();
    let page = scan(&mut alice, Bytes::from_static(b"no picture")).await;
    assert_eq!(page.0, StatusCode::SERVICE_UNAVAILABLE, "{}", page.1);
    assert!(page.1.contains("try again"), "{}", page.1);
    assert_eq!(count(&harbour, "pictures").await, 1);
    for upload in slow {
        upload.abort();
        upload.await.unwrap_err();
    }
    let page = scan(&mut alice, Bytes::from_static(b"no picture")).await;
    assert_eq!(page.0, StatusCode::UNPROCESSABLE_ENTITY, "{}", page.1);
}

async fn scan(visitor: &mut Visitor, picture: Bytes) -> (StatusCode, String) {
    let request = Request::post("/phone/coral/scan").body(Body::from(picture));
    let page = visitor.send(request.unwrap()).await;
    (page.status, page.text)
}

#[tokio::test]
async fn a_picture_at_the_limit_is_read_and_a_larger_one_is_not() {
    let harbour = Harbour::open().await;
    let mut alice = harbour.visitor();
    let picture = Bytes::from(vec![0; MAX_IMAGE_FILE]);
    let (status, text) = scan(&mut alice, picture).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{text}");
    assert!(text.contains("not a readable PNG or JPEG"), "{text}");
    assert_eq!(count(&harbour, "body").await, 0);
    let picture = Bytes::from(vec![0; MAX_IMAGE_FILE + 1]);
    let (status, text) = scan(&mut alice, picture).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE, "{text}");
    let body: Value = serde_json::from_str(&text).unwrap();
    let words = body["message"].as_str().unwrap();
    assert!(words.starts_with("the image is too large"), "{words}");
    assert_eq!(count(&harbour, "body").await, 1);

    // Small as a file, and too large as a picture.
    let wide = image::GrayImage::new(8193, 21);
    let mut file = std::io::Cursor::new(Vec::new());
    wide.write_to(&mut file, image::ImageFormat::Png).unwrap();
    let (status, text) = scan(&mut alice, Bytes::from(file.into_inner())).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{text}");
    assert!(text.contains("the image is too large"), "{text}");
    assert_eq!(count(&harbour, "picture_size").await, 1);
}

#[tokio::test]
async fn a_request_at_the_limit_is_read_and_a_larger_one_is_not() {
    let harbour = Harbour::open().await;
    let (mut alice, _) = harbour.visitor_after_password("alice").await;
    let name = json!({ "name": "" }).to_string();
    for (size, status) in [
        (MAX_BODY, StatusCode::BAD_REQUEST),
        (MAX_BODY + 1, StatusCode::PAYLOAD_TOO_LARGE),
    ] {
        let name = "x".repeat(size - name.len());
        let page = alice
            .post_json("/register/begin", &json!({ "name": name }))
            .await;
        assert_eq!(page.status, status, "{}", page.text);
    }
    assert_eq!(count(&harbour, "device_name").await, 1);
    assert_eq!(count(&harbour, "body").await, 1);
}

#[tokio::test]
async fn lock_outs_are_counted() {
    let harbour = Harbour::open().await;
    let since = Instant::now();
    for _ in 0..MAX_GUESSES {
        harbour.visitor().password("alice", "guess").await;
    }
    assert_eq!(count(&harbour, "guesses").await, 0);
    let page = harbour.visitor().password("alice", "guess").await;
    assert_eq!(page.status, StatusCode::TOO_MANY_REQUESTS);
    assert_waits(&page, LOCK_OUT, since);
    assert_eq!(count(&harbour, "guesses").await, 1);
    harbour.visitor().password("bob", &"x".repeat(1025)).await;
    assert_eq!(count(&harbour, "password").await, 1);
}

/// Asserts that a program is told to wait: what is left of this time, which began after `since`.
fn assert_waits(page: &Page, longest: Duration, since: Instant) {
    let seconds = page.headers[header::RETRY_AFTER].to_str().unwrap();
    let wait = Duration::from_secs(seconds.parse().unwrap());
    assert!(wait <= longest, "{wait:?}");
    assert!(wait + since.elapsed() >= longest, "{wait:?}");
}

#[tokio::test]
async fn whoever_tries_too_often_is_told_when_to_come_again() {
    let harbour = Harbour::open().await;
    let since = Instant::now();
    let mut visitor = harbour.visitor();
    for n in 0..MAX_TRIES_PER_CLIENT {
        let page = visitor.password(&format!("name {n}"), "guess").await;
        assert_eq!(page.status, StatusCode::UNAUTHORIZED, "{}", page.text);
        assert!(!page.headers.contains_key(header::RETRY_AFTER));
    }
    let guess = json!({ "user": "alice", "password": "guess" });
    for page in [
        visitor.password("alice", "guess").await,
        visitor.post_json("/password", &guess).await,
    ] {
        assert_eq!(page.status, StatusCode::TOO_MANY_REQUESTS, "{}", page.text);
        assert_waits(&page, THROTTLE_WINDOW, since);
    }
    assert_eq!(count(&harbour, "tries_per_client").await, 2);
}

#[tokio::test]
async fn a_credential_id_at_the_limit_is_kept_and_a_longer_one_is_not() {
    let harbour = Harbour::open().await;
    for (user, length, status) in [
        ("alice", MAX_CREDENTIAL_ID, StatusCode::OK),
        (
            "bob",
            MAX_CREDENTIAL_ID + 1,
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
    ] {
        let (mut visitor, _) = harbour.visitor_after_password(user).await;
        let mut forger = Forger::new(GOOD);
        forger.id = vec![7; length];
        let options = visitor.options("/register/begin", &Value::Null).await;
        let answer = forger.register(&visitor.origin, &options);
        let page = visitor.post_json("/register/finish", &answer).await;
        assert_eq!(page.status, status, "{length}: {}", page.text);
        if status == StatusCode::OK {
            visitor.show_passkey(&forger).await;
        } else {
            let words = page.json()["message"].as_str().unwrap().to_owned();
            assert!(words.contains("more than 1023 bytes"), "{words}");
        }
    }
    assert_eq!(count(&harbour, "credential_id").await, 1);
}

#[tokio::test]
async fn the_clock_goes_ten_years_ahead_and_not_a_day_further() {
    let harbour = Harbour::open().await;
    for _ in 0..10 {
        // Sessions end by the clock as well.
        let (mut root, _) = harbour.visitor_after_password("root").await;
        let page = root.post("/admin/clock", &[("days", "365")]).await;
        page.assert_leads_to("/sign-in");
    }
    let (mut root, _) = harbour.visitor_after_password("root").await;
    assert_eq!(count(&harbour, "clock").await, 0);
    let page = root.post("/admin/clock", &[("days", "1")]).await;
    let words = "clock goes at most 3650 days ahead";
    page.assert_alert(StatusCode::UNPROCESSABLE_ENTITY, words);
    assert_eq!(count(&harbour, "clock").await, 1);
}

#[tokio::test]
async fn nobody_pushes_out_the_audit_trail_with_refusals() {
    let harbour = Harbour::open().await;
    let (mut alice, forger) = harbour.enrolled("alice").await;
    let options = alice.options("/sign-in/begin", &Value::Null).await;
    let answer = forger.sign_in(&alice.origin, &options);
    let page = alice.post_json("/sign-in/finish", &answer).await;
    assert_eq!(page.status, StatusCode::OK);
    let refused = async |alice: &mut Visitor| {
        let page = alice.post_json("/sign-in/finish", &answer).await;
        assert_eq!(page.status, StatusCode::CONFLICT, "{}", page.text);
    };
    let kept = async || {
        let most = 1000;
        let command = hawser_demo::console::admin::Command::Audit { user: None, most };
        let told = harbour.admin(command).await.unwrap();
        told.matches("passkey_refused").count()
    };
    let most = usize::try_from(MAX_NOTES).unwrap();
    for _ in 0..most {
        refused(&mut alice).await;
    }
    assert_eq!((kept().await, count(&harbour, "notes").await), (most, 0));
    refused(&mut alice).await;
    assert_eq!((kept().await, count(&harbour, "notes").await), (most, 1));
}

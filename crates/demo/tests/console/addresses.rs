//! Addresses that are not meant the way in which they are asked for.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};

use crate::visitor::{Harbour, Page};

async fn ask(harbour: &Harbour, method: &str, host: &str, path: &str) -> Page {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, host)
        .body(Body::empty());
    harbour.visitor().send(request.unwrap()).await
}

#[tokio::test]
async fn another_name_of_this_machine_leads_to_the_right_one() {
    let harbour = Harbour::open().await;
    let origin = harbour.0.origin().as_str().to_owned();
    let port = harbour.0.origin().port().unwrap();
    for host in [
        "127.0.0.1",
        "[::1]",
        "evil.example",
        "localhost.evil.example",
    ] {
        let host = format!("{host}:{port}");
        for path in [
            "/sign-in?a=b",
            "/wire/events",
            "/phone/coral/events",
            "//x.example/",
        ] {
            let page = ask(&harbour, "GET", &host, path).await;
            assert_eq!(page.status, StatusCode::TEMPORARY_REDIRECT, "{host}{path}");
            let there = format!("{origin}{}", path.trim_start_matches('/'));
            assert_eq!(page.location(), there);
            assert_eq!(page.text, "", "nothing is told");
        }
        let page = ask(&harbour, "POST", &host, "/phone/coral/look").await;
        assert_eq!(page.status, StatusCode::MISDIRECTED_REQUEST);
        assert_eq!(page.json()["error"], "other_host");
    }
    // A container may publish another port.
    for host in [format!("localhost:{port}"), "LOCALHOST:1".to_owned()] {
        let page = ask(&harbour, "GET", &host, "/sign-in").await;
        assert_eq!(page.status, StatusCode::OK);
    }
    let page = ask(&harbour, "GET", "?", "/sign-in").await;
    assert_eq!(page.status, StatusCode::TEMPORARY_REDIRECT);
}

#[tokio::test]
async fn an_address_for_forms_that_is_visited_says_so() {
    let harbour = Harbour::open().await;
    for path in ["/leave", "/devices/rename", "/laptop", "/phone/coral/look"] {
        let page = harbour.visitor().get(path).await;
        page.assert_alert(
            StatusCode::METHOD_NOT_ALLOWED,
            "This address only takes forms",
        );
        assert!(page.text.contains("Back to the console"));
        assert_eq!(page.headers[header::ALLOW], "POST");
    }
}

#[tokio::test]
async fn broken_forms_and_queries_get_a_page() {
    let harbour = Harbour::open().await;
    let page = harbour
        .visitor()
        .post_raw("/sign-in", &[("user", "a")])
        .await;
    page.assert_alert(
        StatusCode::UNPROCESSABLE_ENTITY,
        "The request cannot be read",
    );
    let large = "x".repeat(70_000);
    let fields = [("user", "a"), ("password", large.as_str())];
    let page = harbour.visitor().post_raw("/sign-in", &fields).await;
    page.assert_alert(StatusCode::PAYLOAD_TOO_LARGE, "The request has more than");
    let (mut root, _) = harbour.visitor_after_password("root").await;
    let page = root.get("/admin/audit?user=a&user=b").await;
    page.assert_alert(
        StatusCode::UNPROCESSABLE_ENTITY,
        "The request cannot be read",
    );

    let request = Request::post("/phone/coral/decide")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(r#"{"approve": "perhaps"}"#));
    let page = root.send(request.unwrap()).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    let words = page.json()["message"].as_str().unwrap().to_owned();
    assert!(words.starts_with("the request cannot be read"), "{words}");
}

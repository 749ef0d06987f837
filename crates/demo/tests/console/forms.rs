//! Forms that somebody else's page made.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use hawser_demo::console::admin::Command;

use crate::visitor::Harbour;

const FORMS: [&str; 10] = [
    "/leave",
    "/sign-in/notice",
    "/devices/rename",
    "/devices/delete",
    "/admin/mode",
    "/admin/grace",
    "/admin/cohort",
    "/admin/switch",
    "/admin/reset",
    "/admin/clock",
];

#[tokio::test]
async fn without_the_sessions_token_nothing_is_done() {
    let harbour = Harbour::open().await;
    let (mut root, _) = harbour.visitor_after_password("root").await;
    let (mut other, _) = harbour.visitor_after_password("bob").await;
    let others = other.form_token().await;
    for path in FORMS {
        for token in ["", "guess", others.as_str()] {
            let page = root.post_raw(path, &[("form_token", token)]).await;
            page.assert_alert(StatusCode::FORBIDDEN, "This form is out of date");
        }
    }
    assert_eq!(root.get("/admin").await.status, StatusCode::OK);
    let all = Command::Audit {
        user: Some("root".into()),
        most: 100,
    };
    let told = harbour.admin(all).await.unwrap();
    assert_eq!(
        told.matches("root forged_request root").count(),
        30,
        "{told}"
    );
}

#[tokio::test]
async fn another_origin_is_turned_away_even_with_the_token() {
    let harbour = Harbour::open().await;
    let (mut root, _) = harbour.visitor_after_password("root").await;
    let token = root.form_token().await;
    let own = std::mem::replace(&mut root.origin, "http://localhost:1".into());
    for path in FORMS {
        let page = root.post_raw(path, &[("form_token", &token)]).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{path}");
    }
    root.origin = own;
    assert_eq!(root.get("/admin").await.status, StatusCode::OK);
}

#[tokio::test]
async fn browsers_that_say_where_a_request_comes_from_are_believed() {
    let harbour = Harbour::open().await;
    let (mut root, _) = harbour.visitor_after_password("root").await;
    for (from, status) in [
        ("cross-site", StatusCode::FORBIDDEN),
        ("same-site", StatusCode::FORBIDDEN),
        ("same-origin", StatusCode::OK),
    ] {
        let request = Request::post("/register/begin")
            .header("sec-fetch-site", from)
            .body(Body::empty());
        let page = root.send(request.unwrap()).await;
        assert_eq!(page.status, status, "{from}");
    }
    // A link elsewhere may lead here.
    let request = Request::get("/sign-in")
        .header("sec-fetch-site", "cross-site")
        .header("sec-fetch-mode", "navigate")
        .body(Body::empty());
    let page = root.send(request.unwrap()).await;
    page.assert_leads_to("/");
}

#[tokio::test]
async fn a_form_of_unreasonable_size() {
    let harbour = Harbour::open().await;
    let request = Request::post("/sign-in")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(format!(
            "user={}&password=x",
            "a".repeat(70_000)
        )));
    let page = harbour.visitor().send(request.unwrap()).await;
    assert_eq!(page.status, StatusCode::PAYLOAD_TOO_LARGE);
}

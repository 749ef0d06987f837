//! What every answer tells the browser, and that pages keep to it.

use axum::http::{StatusCode, header};

use crate::visitor::Harbour;

#[tokio::test]
async fn every_answer_has_the_policy() {
    let harbour = Harbour::open().await;
    let mut visitor = harbour.visitor();
    for path in [
        "/sign-in",
        "/phone/coral",
        "/wire",
        "/nowhere",
        "/me",
        "/assets/console.js",
    ] {
        let page = visitor.get(path).await;
        let policy = page.headers[header::CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap();
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self';"),
            "{path}"
        );
        assert!(!policy.contains("unsafe"), "{path}");
        assert!(policy.contains("frame-ancestors 'none'"), "{path}");
        assert_eq!(
            page.headers[header::X_CONTENT_TYPE_OPTIONS],
            "nosniff",
            "{path}"
        );
        assert_eq!(
            page.headers[header::REFERRER_POLICY],
            "same-origin",
            "{path}"
        );
    }
}

#[tokio::test]
async fn pages_have_nothing_inline_and_nothing_of_other_hosts() {
    let harbour = Harbour::open().await;
    let (mut root, _) = harbour.enrolled("root").await;
    let paths = [
        "/",
        "/devices",
        "/devices/new",
        "/admin",
        "/admin/audit",
        "/phone/coral",
        "/wire",
    ];
    let sign_in = ("/sign-in", harbour.visitor().get("/sign-in").await);
    let mut pages = vec![sign_in];
    for path in paths {
        pages.push((path, root.get(path).await));
    }
    for (path, page) in pages {
        let text = page
            .text
            .replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
        for forbidden in [
            "style=\"",
            "<style",
            "onclick=",
            "http://",
            "https://",
            "javascript:",
        ] {
            assert!(!text.contains(forbidden), "{path}: {forbidden}");
        }
        let scripts = text.matches("<script").count();
        let own = text
            .matches(r#"<script type="module" src="/assets/console.js">"#)
            .count();
        assert_eq!((scripts, own), (1, 1), "{path}");
    }
}

#[tokio::test]
async fn pages_are_not_kept_by_caches() {
    let harbour = Harbour::open().await;
    let (mut alice, _) = harbour.visitor_after_password("alice").await;
    let page = alice.get("/devices").await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(page.headers[header::CACHE_CONTROL], "no-store");
}

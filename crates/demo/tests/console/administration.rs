//! Who may administrate, and what an administrator does.

use axum::http::StatusCode;
use hawser_demo::console::admin::Command;

use crate::visitor::Harbour;

#[tokio::test]
async fn only_administrators_see_and_change_the_policy() {
    let harbour = Harbour::open().await;
    let (mut alice, _) = harbour.visitor_after_password("alice").await;
    for path in ["/admin", "/admin/audit"] {
        let page = alice.get(path).await;
        page.assert_alert(StatusCode::FORBIDDEN, "Only administrators may do this.");
    }
    for (path, fields) in [
        (
            "/admin/mode",
            vec![("population", "users"), ("mode", "off")],
        ),
        ("/admin/grace", vec![("days", "1")]),
        ("/admin/cohort", vec![("size", "1")]),
        ("/admin/switch", vec![("to", "suspended")]),
        ("/admin/reset", vec![("user", "bob")]),
        ("/admin/clock", vec![("days", "1")]),
    ] {
        let page = alice.post(path, &fields).await;
        page.assert_alert(StatusCode::FORBIDDEN, "Only administrators may do this.");
    }
}

#[tokio::test]
async fn the_page_changes_the_policy_and_shows_it() {
    let harbour = Harbour::open().await;
    let (mut root, _) = harbour.visitor_after_password("root").await;
    for (path, fields) in [
        (
            "/admin/mode",
            vec![("population", "users"), ("mode", "grace")],
        ),
        ("/admin/grace", vec![("days", "14")]),
        ("/admin/cohort", vec![("size", "50%")]),
        ("/admin/switch", vec![("to", "suspended")]),
    ] {
        root.post(path, &fields).await.assert_leads_to("/admin");
    }
    let page = root.get("/admin").await;
    assert!(page.text.contains("Enforcement is suspended"));
    assert!(page.text.contains("<strong>3</strong> of 6"));
    let status = harbour.admin(Command::Status).await.unwrap();
    assert!(status.contains("SUSPENDED"), "{status}");
    assert!(
        status.contains("All other users                  grace"),
        "{status}"
    );
    assert!(
        status.contains("Grace period                     14 days"),
        "{status}"
    );
    let trail = root.get("/admin/audit").await;
    for event in [
        "Changed the policy",
        "Rolled out to a cohort",
        "Suspended enforcement",
    ] {
        assert!(trail.text.contains(event), "{event}");
    }
}

#[tokio::test]
async fn nonsense_is_explained_on_the_page() {
    let harbour = Harbour::open().await;
    let (mut root, _) = harbour.visitor_after_password("root").await;
    for (path, fields, status, words) in [
        (
            "/admin/mode",
            vec![("population", "users"), ("mode", "on")],
            400,
            "A mode is one of",
        ),
        (
            "/admin/mode",
            vec![("population", "ships"), ("mode", "off")],
            400,
            "A population is",
        ),
        ("/admin/grace", vec![("days", "0")], 400, "from 1 to 365"),
        ("/admin/grace", vec![("days", "366")], 400, "from 1 to 365"),
        (
            "/admin/cohort",
            vec![("size", "101%")],
            400,
            "The size of a cohort",
        ),
        ("/admin/switch", vec![("to", "half")], 422, "is no state"),
        (
            "/admin/reset",
            vec![("user", "nobody")],
            404,
            "There is no user of this name",
        ),
        (
            "/admin/reset",
            vec![("user", "root")],
            409,
            "Another administrator has to do this",
        ),
        (
            "/admin/clock",
            vec![("days", "-1")],
            422,
            "days are 1 to 365",
        ),
    ] {
        let page = root.post(path, &fields).await;
        page.assert_alert(StatusCode::from_u16(status).unwrap(), words);
    }
}

#[tokio::test]
async fn a_reset_lets_somebody_begin_again_and_ends_their_sessions() {
    let harbour = Harbour::open().await;
    let (mut root, _) = harbour.visitor_after_password("root").await;
    let (mut alice, _) = harbour.enrolled("alice").await;
    root.post("/admin/reset", &[("user", "alice")])
        .await
        .assert_leads_to("/admin");
    alice.get("/").await.assert_leads_to("/sign-in");
    let (_, page) = harbour.visitor_after_password("alice").await;
    page.assert_leads_to("/");
    let all = Command::Audit {
        user: Some("alice".into()),
        most: 100,
    };
    let told = harbour.admin(all).await.unwrap();
    assert!(
        told.contains("root mfa_reset alice 1 device deleted"),
        "{told}"
    );
}

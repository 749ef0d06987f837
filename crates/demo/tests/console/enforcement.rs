//! The roll-out, as those meet it who are rolled out to.

use axum::http::StatusCode;
use hawser_demo::console::admin::Command;
use hawser_demo::relying_party::policy::{CohortSize, Mode, Population};

use crate::forger::{Forger, GOOD};
use crate::visitor::{Harbour, Visitor};

async fn everybody_under(harbour: &Harbour, mode: Mode) {
    for population in Population::ALL {
        harbour
            .admin(Command::SetMode(population, mode))
            .await
            .unwrap();
    }
    let everybody = Command::RollOut(CohortSize::Percent(100));
    // Refused when everybody is reached already.
    harbour.admin(everybody).await.ok();
}

async fn let_pass(administrator: &mut Visitor, days: &str) {
    let page = administrator.post("/admin/clock", &[("days", days)]).await;
    page.assert_leads_to("/sign-in");
}

#[tokio::test]
async fn notify_shows_a_message_that_can_be_skipped() {
    let harbour = Harbour::open().await;
    everybody_under(&harbour, Mode::Notify).await;
    let (mut alice, page) = harbour.visitor_after_password("alice").await;
    page.assert_leads_to("/sign-in/notice");
    alice.get("/").await.assert_leads_to("/sign-in/notice");
    let notice = alice.get("/sign-in/notice").await;
    assert!(
        notice.text.contains("It is not required"),
        "{}",
        notice.text
    );
    alice
        .post("/sign-in/notice", &[])
        .await
        .assert_leads_to("/");
    assert_eq!(alice.get("/").await.status, StatusCode::OK);
}

#[tokio::test]
async fn grace_counts_from_the_first_sign_in_and_then_it_is_mandatory() {
    let harbour = Harbour::open().await;
    let (mut root, _) = harbour.visitor_after_password("root").await;
    everybody_under(&harbour, Mode::Grace).await;
    let_pass(&mut root, "100").await;

    let (mut alice, page) = harbour.visitor_after_password("alice").await;
    page.assert_leads_to("/sign-in/notice");
    let notice = alice.get("/sign-in/notice").await;
    assert!(notice.text.contains("35 days"), "{}", notice.text);
    alice
        .post("/sign-in/notice", &[])
        .await
        .assert_leads_to("/");

    let (mut root, _) = harbour.visitor_after_password("root").await;
    root.post("/sign-in/notice", &[]).await;
    let_pass(&mut root, "34").await;
    let (mut alice, _) = harbour.visitor_after_password("alice").await;
    let notice = alice.get("/sign-in/notice").await;
    assert!(notice.text.contains("1 day"), "{}", notice.text);
    // Bob comes for the first time now, so his period begins now.
    let (mut bob, _) = harbour.visitor_after_password("bob").await;
    assert!(bob.get("/sign-in/notice").await.text.contains("35 days"));

    let (mut root, _) = harbour.visitor_after_password("root").await;
    root.post("/sign-in/notice", &[]).await;
    let_pass(&mut root, "1").await;
    let (mut alice, page) = harbour.visitor_after_password("alice").await;
    page.assert_leads_to("/devices/new");
    let skipped = alice.post("/sign-in/notice", &[]).await;
    // There is no page with a form any more; the token alone does not help either.
    assert_eq!(skipped.status, StatusCode::FORBIDDEN);
    let enrol = alice.get("/devices/new").await;
    assert!(enrol.text.contains("Required by your organization"));
    let forger = Forger::new(GOOD);
    alice.enrol(&forger, "My phone").await;
    alice.get("/").await.assert_leads_to("/sign-in/passkey");
    alice.show_passkey(&forger).await;
    assert_eq!(alice.get("/").await.status, StatusCode::OK);
}

#[tokio::test]
async fn enforced_leaves_no_way_around() {
    let harbour = Harbour::open().await;
    everybody_under(&harbour, Mode::Enforced).await;
    let (mut alice, page) = harbour.visitor_after_password("alice").await;
    page.assert_leads_to("/devices/new");
    for path in ["/", "/devices", "/admin", "/sign-in/notice"] {
        alice.get(path).await.assert_leads_to("/devices/new");
    }
}

#[tokio::test]
async fn cohorts_come_in_order_the_management_root_first() {
    let harbour = Harbour::open().await;
    for population in Population::ALL {
        let enforced = Command::SetMode(population, Mode::Enforced);
        harbour.admin(enforced).await.unwrap();
    }
    harbour
        .admin(Command::RollOut(CohortSize::Users(1)))
        .await
        .unwrap();
    let (_, page) = harbour.visitor_after_password("root").await;
    page.assert_leads_to("/devices/new");
    let (_, page) = harbour.visitor_after_password("root-north").await;
    page.assert_leads_to("/");

    // A third of six are the two other roots.
    harbour
        .admin(Command::RollOut("33%".parse().unwrap()))
        .await
        .unwrap();
    for root in ["root-north", "root-south"] {
        let (_, page) = harbour.visitor_after_password(root).await;
        page.assert_leads_to("/devices/new");
    }
    let (_, page) = harbour.visitor_after_password("alice").await;
    page.assert_leads_to("/");
    harbour
        .admin(Command::RollOut(CohortSize::Percent(100)))
        .await
        .unwrap();
    let (_, page) = harbour.visitor_after_password("alice").await;
    page.assert_leads_to("/devices/new");
    let more = harbour.admin(Command::RollOut(CohortSize::Users(1))).await;
    assert_eq!(
        more.unwrap_err().to_string(),
        "the roll-out has reached every user"
    );
}

#[tokio::test]
async fn the_kill_switch_lets_everybody_in_who_has_no_device() {
    let harbour = Harbour::open().await;
    let (_, _) = harbour.enrolled("bob").await;
    everybody_under(&harbour, Mode::Enforced).await;
    harbour.admin(Command::Suspend).await.unwrap();
    let (_, page) = harbour.visitor_after_password("alice").await;
    page.assert_leads_to("/");
    let (_, page) = harbour.visitor_after_password("bob").await;
    page.assert_leads_to("/sign-in/passkey");
    harbour.admin(Command::Resume).await.unwrap();
    let (_, page) = harbour.visitor_after_password("alice").await;
    page.assert_leads_to("/devices/new");
}

#[tokio::test]
async fn grace_periods_stand_still_under_the_kill_switch() {
    let harbour = Harbour::open().await;
    everybody_under(&harbour, Mode::Grace).await;
    let (mut alice, _) = harbour.visitor_after_password("alice").await;
    assert!(alice.get("/sign-in/notice").await.text.contains("35 days"));
    harbour.admin(Command::Suspend).await.unwrap();
    let (mut root, page) = harbour.visitor_after_password("root").await;
    page.assert_leads_to("/");
    let_pass(&mut root, "100").await;
    harbour.admin(Command::Resume).await.unwrap();
    let (mut alice, page) = harbour.visitor_after_password("alice").await;
    page.assert_leads_to("/sign-in/notice");
    assert!(alice.get("/sign-in/notice").await.text.contains("35 days"));
}

//! Records in a file: kept over a restart, private, and open to the command line.

use std::path::Path;

use axum::http::StatusCode;
use hawser_demo::console::admin::{self, Command};
use hawser_demo::console::{Console, DEMO_PASSWORD, Options};
use hawser_demo::relying_party::StorePlace;
use hawser_demo::relying_party::policy::{CohortSize, Mode, Population};
use tempfile::TempDir;

use crate::forger::{Forger, GOOD};
use crate::visitor::Harbour;

fn in_file(file: &Path) -> Options {
    Options {
        store: StorePlace::File(file.to_owned()),
        ..Options::default()
    }
}

#[tokio::test]
async fn devices_policy_and_sessions_outlive_the_console() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("console.sqlite");
    let options = in_file(&file);
    let harbour = Harbour(Console::open(options.clone()).await.unwrap());
    let (alice, _) = harbour.enrolled("alice").await;
    harbour.admin(Command::SetGrace(7)).await.unwrap();
    let cookie = alice.cookie.clone();
    drop((harbour, alice));

    let harbour = Harbour(Console::open(options).await.unwrap());
    let mut again = harbour.visitor();
    again.cookie = cookie;
    let page = again.get("/devices").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains("<bdi>First</bdi>"));
    let status = harbour.admin(Command::Status).await.unwrap();
    assert!(status.contains("7 days"), "{status}");

    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[tokio::test]
async fn the_command_line_works_on_the_file_of_a_console_that_runs() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("console.sqlite");
    let options = in_file(&file);
    let harbour = Harbour(Console::open(options).await.unwrap());
    let enforced = Command::SetMode(Population::Users, Mode::Enforced);
    admin::run(file.clone(), enforced).await.unwrap();
    let told = admin::run(file.clone(), Command::RollOut(CohortSize::Percent(100))).await;
    assert_eq!(told.unwrap(), "Under the policy now: 6 users\n");
    let (mut alice, page) = harbour.visitor_after_password("alice").await;
    page.assert_leads_to("/devices/new");
    alice.enrol(&Forger::new(GOOD), "First").await;
    let told = admin::run(file, Command::Reset("alice".into()))
        .await
        .unwrap();
    assert_eq!(told, "alice: 1 passkey deleted, sessions ended\n");
}

#[tokio::test]
async fn files_that_are_no_records_are_left_alone() {
    let directory = TempDir::new().unwrap();
    let missing = directory.path().join("missing.sqlite");
    let error = admin::run(missing.clone(), Command::Status)
        .await
        .unwrap_err();
    assert!(
        error.to_string().starts_with("there is no console at"),
        "{error}"
    );
    assert!(!missing.exists());

    let letter = directory.path().join("letter.txt");
    std::fs::write(&letter, "Dear harbour master, ".repeat(100)).unwrap();
    let options = in_file(&letter);
    assert!(Console::open(options).await.is_err());
    let kept = std::fs::read_to_string(&letter).unwrap();
    assert!(kept.starts_with("Dear harbour master"));
}

#[tokio::test]
async fn the_time_that_passed_outlives_the_console_and_is_the_command_lines_too() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("console.sqlite");
    let options = in_file(&file);
    let harbour = Harbour(Console::open(options.clone()).await.unwrap());
    let (mut alice, _) = harbour.visitor_after_password("alice").await;
    let (mut root, _) = harbour.visitor_after_password("root").await;
    let page = root.post("/admin/clock", &[("days", "36")]).await;
    page.assert_leads_to("/sign-in");
    alice.get("/").await.assert_leads_to("/sign-in");
    let latest = Command::Audit {
        user: None,
        most: 1,
    };
    let told = admin::run(file.clone(), latest).await.unwrap();
    assert!(
        told.ends_with("root clock_set_forward - 36 days\n"),
        "{told}"
    );

    // The kill switch at the command line, and back in the console: no time has passed meanwhile.
    let (mut bob, _) = harbour.visitor_after_password("bob").await;
    let grace = Command::SetMode(Population::Users, Mode::Grace);
    let everybody = Command::RollOut(CohortSize::Percent(100));
    for command in [grace, everybody] {
        admin::run(file.clone(), command).await.unwrap();
    }
    let page = bob.password("bob", DEMO_PASSWORD).await;
    page.assert_leads_to("/sign-in/notice");
    admin::run(file.clone(), Command::Suspend).await.unwrap();
    harbour.admin(Command::Resume).await.unwrap();
    bob.password("bob", DEMO_PASSWORD).await;
    let page = bob.get("/sign-in/notice").await;
    assert!(page.text.contains("35 days"), "{}", page.text);

    // Sessions that are over stay over.
    let cookie = alice.cookie.clone();
    drop((harbour, alice, root, bob));
    let harbour = Harbour(Console::open(options).await.unwrap());
    let mut again = harbour.visitor();
    again.cookie = cookie;
    again.get("/").await.assert_leads_to("/sign-in");
    let (mut bob, _) = harbour.visitor_after_password("bob").await;
    let page = bob.get("/sign-in/notice").await;
    assert!(page.text.contains("35 days"), "{}", page.text);
}

//! Guessing passwords.

use std::time::Duration;

use axum::http::StatusCode;
use hawser_demo::relying_party::{LOCK_OUT, MAX_GUESSES, MAX_TRIES_PER_CLIENT, THROTTLE_WINDOW};

use crate::world::{World, assert_refused};

#[tokio::test]
async fn ten_wrong_passwords_lock_a_name_out_whether_it_exists_or_not() {
    let world = World::new();
    for name in ["alice", "my-real-password"] {
        for _ in 0..MAX_GUESSES {
            let refused = world.browser().password(name, "guess").await;
            assert_refused(refused, StatusCode::UNAUTHORIZED, "wrong_password");
        }
        let refused = world.browser().password(name, "alice's password").await;
        let message = assert_refused(refused, StatusCode::TOO_MANY_REQUESTS, "locked_out");
        assert!(message.ends_with("try again in 15 min"), "{message}");
    }
    world.browser_of("bob").await;

    world.pass(LOCK_OUT.saturating_sub(Duration::from_secs(1)));
    let refused = world.browser().password("alice", "alice's password").await;
    assert_refused(refused, StatusCode::TOO_MANY_REQUESTS, "locked_out");
    world.pass(Duration::from_secs(1));
    world.browser_of("alice").await;

    let audit = world.audit().await;
    let wrong = audit
        .iter()
        .filter(|line| *line == "- wrong_password alice");
    assert_eq!(wrong.count(), 10);
    assert!(
        audit.contains(&"- locked_out alice".to_owned()),
        "{audit:?}"
    );
    let unknown = "- locked_out - for a name that nobody has".to_owned();
    assert!(audit.contains(&unknown), "{audit:?}");
    // A name that nobody has may be a password that slipped.
    assert!(audit.iter().all(|line| !line.contains("my-real-password")));
}

#[tokio::test]
async fn guesses_at_the_same_time_are_counted_one_by_one() {
    let world = World::new();
    let guesses = (0..2 * MAX_GUESSES).map(|_| {
        let mut browser = world.browser();
        tokio::spawn(async move { browser.password("alice", "guess").await.0 })
    });
    let mut wrong = 0;
    for guess in guesses.collect::<Vec<_>>() {
        wrong += u32::from(guess.await.unwrap() == StatusCode::UNAUTHORIZED);
    }
    assert_eq!(wrong, MAX_GUESSES);
}

#[tokio::test]
async fn the_right_password_forgets_the_wrong_ones() {
    let world = World::new();
    for _ in 0..2 {
        for _ in 1..MAX_GUESSES {
            let refused = world.browser().password("alice", "guess").await;
            assert_refused(refused, StatusCode::UNAUTHORIZED, "wrong_password");
        }
        world.browser_of("alice").await;
    }
}

#[tokio::test]
async fn one_client_has_so_many_tries_a_minute() {
    let world = World::new();
    for n in 0..MAX_TRIES_PER_CLIENT {
        let refused = world
            .browser()
            .password(&format!("name {n}"), "guess")
            .await;
        assert_refused(refused, StatusCode::UNAUTHORIZED, "wrong_password");
    }
    let refused = world.browser().password("alice", "alice's password").await;
    assert_refused(refused, StatusCode::TOO_MANY_REQUESTS, "too_many_tries");
    world.pass(THROTTLE_WINDOW);
    world.browser_of("alice").await;
}

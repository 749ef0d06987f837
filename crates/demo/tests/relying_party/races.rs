//! Two of a kind at once.

use axum::http::StatusCode;
use hawser_demo::relying_party::MAX_DEVICES;

use crate::world::{Browser, ORIGIN, Phone, World};

async fn sign_in(browser: &mut Browser, phone: &mut Phone) {
    let options = browser.begin("/sign-in/begin").await;
    let answer = phone.sign_in(ORIGIN, options).await;
    let (status, body) = browser.post("/sign-in/finish", &answer).await;
    assert_eq!(status, StatusCode::OK, "{body}");
}

/// Registers a phone each, with challenges that were open at the same time: the statuses, the lower first.
async fn register_at_once(mut first: Browser, mut second: Browser) -> [StatusCode; 2] {
    let (one, other) = (
        first.begin("/register/begin").await,
        second.begin("/register/begin").await,
    );
    let one = Phone::new().register(ORIGIN, one).await;
    let other = Phone::new().register(ORIGIN, other).await;
    let (one, other) = tokio::join!(
        tokio::spawn(async move { first.post("/register/finish", &one).await.0 }),
        tokio::spawn(async move { second.post("/register/finish", &other).await.0 }),
    );
    let mut statuses = [one.unwrap(), other.unwrap()];
    statuses.sort();
    statuses
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_registrations_at_seven_devices_make_eight() {
    let world = World::new();
    let mut phone = world.enrolled_phone("alice").await;
    let (mut first, mut second) = (
        world.browser_of("alice").await,
        world.browser_of("alice").await,
    );
    sign_in(&mut first, &mut phone).await;
    sign_in(&mut second, &mut phone).await;
    for _ in 2..MAX_DEVICES {
        let options = first.begin("/register/begin").await;
        let answer = Phone::new().register(ORIGIN, options).await;
        first.post("/register/finish", &answer).await;
    }
    assert_eq!(first.standing().await["passkeys"], MAX_DEVICES - 1);

    let mut again = first.clone();
    let statuses = register_at_once(first, second).await;
    assert_eq!(statuses, [StatusCode::OK, StatusCode::CONFLICT]);
    assert_eq!(again.standing().await["passkeys"], MAX_DEVICES);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_first_registrations_after_the_password_make_one() {
    let world = World::new();
    let (first, second) = (
        world.browser_of("alice").await,
        world.browser_of("alice").await,
    );
    let mut again = first.clone();
    let statuses = register_at_once(first, second).await;
    assert_eq!(statuses, [StatusCode::OK, StatusCode::FORBIDDEN]);
    assert_eq!(again.standing().await["passkeys"], 1);
}

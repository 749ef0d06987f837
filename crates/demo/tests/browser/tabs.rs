//! More pages than a browser has connections to one host.

use serde_json::json;

use crate::rig::Rig;

/// Browsers open six connections to a host without TLS.
const PAGES: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_that_cannot_be_seen_leave_the_others_their_connections() {
    let rig = Rig::start().await;
    rig.password("alice").await;
    rig.arrive("/").await;
    let mut tabs = Vec::new();
    for page in 0..PAGES {
        tabs.push(rig.tab(["/phone/slate", "/wire"][page % 2]).await);
        rig.is_seen(false).await;
    }
    rig.laptop().await;
    let script = "const done = arguments[0];
        fetch('/me', { signal: AbortSignal.timeout(10000) })
          .then((answer) => done(answer.status), (error) => done(error.name));";
    let answer = rig.browser.execute_async(script, Vec::new()).await.unwrap();
    assert_eq!(answer, json!(200));

    // Those that can be seen work as before.
    rig.press("Register a passkey").await;
    rig.enrol("slate", "Slate", "/devices").await;

    // Those that come back know what they missed, and nothing twice.
    for (tab, words) in tabs.iter().zip(["alice", "hands it to the site"]) {
        rig.look_at(tab).await;
        rig.is_seen(true).await;
        rig.read(words).await;
        rig.is_seen(false).await;
        rig.is_seen(true).await;
    }
    rig.is_seen(false).await;
    rig.is_seen(true).await;
    let seen = rig.text().await;
    assert_eq!(seen.matches("hands it to the site").count(), 1, "{seen}");
    rig.stop().await;
}

//! The demo's console with the browser's own dialog: the way of a real laptop.

use std::time::Duration;

use hawser_demo::console::{Console, DEMO_PASSWORD, Options};
use hawser_interop::rig::{Rig, RigError, RigPhone, Setup};
use hawser_phone::Operation;
use hawser_phone::phone::Progress;
use serde_json::json;
use tokio::time::{Instant, sleep};
use tokio_util::task::AbortOnDropHandle;

use crate::{Played, play, relay_saw_good_tunnels};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_console_enrols_and_signs_in_through_the_browsers_dialog() {
    let name = "the_console_enrols_and_signs_in_through_the_browsers_dialog";
    play(name, Setup::default(), async |rig| {
        let console = Console::open(Options::default()).await?;
        let origin = console.origin().origin().ascii_serialization();
        let server = tokio::spawn(console.serve(std::future::pending()));
        let _server = AbortOnDropHandle::new(server);
        let phone = rig.phone(0)?;

        go(rig, &origin, "/sign-in").await?;
        // Not typed into the form: the browser's offer to save the password would cover the code.
        let enter = format!(
            "fetch('/sign-in', {{ method: 'POST', body: new URLSearchParams({{ user: 'alice', \
             password: '{DEMO_PASSWORD}' }}) }}).then(() => location.assign('/'))"
        );
        rig.laptop.browser.evaluate(&enter).await?;
        arrive(rig, "/").await?;

        go(rig, &origin, "/devices/new").await?;
        let way = "document.querySelector('input[name=way][value=browser]').click()";
        rig.laptop.browser.evaluate(way).await?;
        let phone = answer(rig, phone).await?;
        arrive(rig, "/devices").await?;

        go(rig, &origin, "/sign-in/passkey").await?;
        let phone = answer(rig, phone).await?;
        arrive(rig, "/").await?;
        let text = rig
            .laptop
            .browser
            .evaluate("document.body.innerText")
            .await?;
        let text = text.as_str().unwrap_or_default();
        assert!(text.contains("Multi-factor authentication is on"), "{text}");
        assert!(text.contains("Signed in with a passkey"), "{text}");

        let asked = phone.person.asked();
        let operations: Vec<_> = asked.iter().map(|asked| asked.operation).collect();
        assert_eq!(operations, [Operation::Register, Operation::SignIn]);
        assert!(asked.iter().all(|asked| asked.user_verification));
        relay_saw_good_tunnels(rig, 2).await
    })
    .await;
}

/// Opens the browser's dialog, and lets the phone scan its code and approve.
async fn answer(rig: &mut Rig, phone: RigPhone) -> Result<RigPhone, Box<dyn std::error::Error>> {
    // What the rig's own page would have.
    rig.laptop.browser.evaluate("window.outcome = null").await?;
    let begin = "document.querySelector('[data-begin]').click()";
    rig.laptop.browser.evaluate(begin).await?;
    let code = rig.laptop.code().await?;
    let serving = phone.start(code);
    rig.reaches(&serving, |step| matches!(step, Progress::Secured))
        .await?;
    let (phone, outcome) = serving.ended(PATIENCE).await?;
    outcome?;
    Ok(phone)
}

async fn go(rig: &mut Rig, origin: &str, path: &str) -> Played {
    let address = json!(format!("{origin}{path}"));
    rig.laptop
        .browser
        .evaluate(&format!("location.assign({address})"))
        .await?;
    arrive(rig, path).await
}

/// Waits until a page of the console is there, complete.
async fn arrive(rig: &mut Rig, path: &str) -> Played {
    let deadline = Instant::now() + PATIENCE;
    loop {
        // A page that is just being left does not answer.
        let seen = rig
            .laptop
            .browser
            .evaluate("[location.pathname, document.readyState]")
            .await
            .unwrap_or_default();
        if seen == json!([path, "complete"]) {
            return Ok(());
        }
        if Instant::now() > deadline {
            let outcome = rig
                .laptop
                .browser
                .evaluate("document.body.innerText")
                .await?;
            return Err(RigError::NoCode { outcome }.into());
        }
        sleep(Duration::from_millis(50)).await;
    }
}

const PATIENCE: Duration = Duration::from_secs(40);

//! The phone's page: pictures from wherever they come, and a choice among accounts.

use std::path::Path;

use fantoccini::Locator;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::rig::Rig;

/// A code for a registration of alice's, and the coral phone's page.
pub(crate) async fn with_a_code(rig: &Rig) -> String {
    rig.password("alice").await;
    rig.press("Register a passkey").await;
    rig.arrive("/devices/new").await;
    rig.press("Show the code").await;
    let code = rig.code().await;
    rig.phone("coral").await;
    code
}

/// Hands a file to the page as an event does.
async fn hand_over(rig: &Rig, event: &str, code: &str) {
    let script = "const [event, address, done] = arguments;
        fetch(address).then((answer) => answer.blob()).then((blob) => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([blob], 'screenshot.png', { type: 'image/png' }));
          const how = { bubbles: true, cancelable: true };
          const happens = event === 'paste'
            ? new ClipboardEvent('paste', { ...how, clipboardData: transfer })
            : new DragEvent('drop', { ...how, dataTransfer: transfer });
          const taken = !document.querySelector('[data-phone]').dispatchEvent(happens);
          done(taken);
        });";
    let taken = rig
        .browser
        .execute_async(script, vec![json!(event), json!(code)])
        .await
        .unwrap();
    // A browser would otherwise leave the page and show the file that was dropped.
    assert_eq!(taken, json!(event == "drop"));
}

/// Enrols with a code that came to the phone's page by this event.
async fn enrols_by(event: &str) {
    let rig = Rig::start().await;
    let code = with_a_code(&rig).await;
    hand_over(&rig, event, &code).await;
    rig.read("Create with fingerprint").await;
    rig.click("[data-approve]").await;
    rig.laptop().await;
    rig.arrive("/devices").await;
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_screenshot_is_pasted() {
    enrols_by("paste").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_screenshot_is_dropped() {
    enrols_by("drop").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_screenshot_is_chosen_and_other_files_are_explained() {
    let rig = Rig::start().await;
    let directory = TempDir::new().unwrap();
    with_a_code(&rig).await;
    // What a person's screenshot has: the whole window.
    rig.laptop().await;
    let picture = rig.browser.screenshot().await.unwrap();
    let screenshot = directory.path().join("screenshot.png");
    std::fs::write(&screenshot, picture).unwrap();
    let letter = directory.path().join("letter.png");
    std::fs::write(&letter, "Dear harbour master").unwrap();

    rig.phone("coral").await;
    let choose = async |file: &Path| {
        let field = Locator::Css("[data-file]");
        let field = rig.browser.find(field).await.unwrap();
        field.send_keys(file.to_str().unwrap()).await.unwrap();
    };
    for _ in 0..2 {
        choose(&letter).await;
        rig.read("This is not a readable PNG or JPEG image.").await;
        let wipe = "document.querySelector('[data-failure]').textContent = ''";
        rig.browser.execute(wipe, Vec::new()).await.unwrap();
    }
    choose(&screenshot).await;
    rig.read("Create with fingerprint").await;
    rig.stop().await;
}

/// Begins a sign-in for whichever account the phone offers, and says where it is.
async fn ask_for_any_account(rig: &Rig) -> Value {
    rig.laptop().await;
    let script = "const done = arguments[0];
        const options = { publicKey: { challenge: 'AAAA', rpId: 'localhost',
          allowCredentials: [], userVerification: 'required' } };
        fetch('/laptop', { method: 'POST', headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ operation: 'sign-in', options }) })
          .then((answer) => answer.json()).then(done);";
    let begun = rig.browser.execute_async(script, Vec::new()).await.unwrap();
    begun["id"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_account_that_was_chosen_signs_in() {
    let rig = Rig::start().await;
    for user in ["alice", "bob"] {
        rig.password(user).await;
        rig.press("Register a passkey").await;
        rig.enrol("coral", user, "/devices").await;
    }
    let ceremony = ask_for_any_account(&rig).await;
    rig.phone("coral").await;
    rig.click("[data-look]").await;
    rig.read("Sign in with fingerprint").await;
    let chosen = async || {
        let script = "return [...document.querySelectorAll('[data-ask-accounts] label')]
            .map((label) => [label.querySelector('bdi').textContent,
                             label.querySelector('input').checked]);";
        rig.browser.execute(script, Vec::new()).await.unwrap()
    };
    // The newest first, and chosen.
    assert_eq!(chosen().await, json!([["bob", true], ["alice", false]]));
    rig.click("[data-ask-accounts] label:nth-of-type(2)").await;
    // The state comes again, as after a connection that broke, and the choice stays.
    let state = "document.querySelector('p[data-state]').textContent";
    let said = format!("return {state}");
    let said = rig.browser.execute(&said, Vec::new()).await.unwrap();
    rig.is_seen(false).await;
    let wipe = format!("{state} = 'not told yet'");
    rig.browser.execute(&wipe, Vec::new()).await.unwrap();
    rig.is_seen(true).await;
    rig.read(said.as_str().unwrap()).await;
    assert_eq!(chosen().await, json!([["bob", false], ["alice", true]]));
    rig.click("[data-approve]").await;
    rig.read("Signed in on the laptop.").await;

    rig.laptop().await;
    let script = "const [id, done] = arguments;
        const events = new EventSource(`/laptop/${id}/events`);
        events.onmessage = ({ data }) => { events.close(); done(JSON.parse(data)); };";
    let over = rig.browser.execute_async(script, vec![ceremony]).await;
    let handle = over.unwrap()["answer"]["response"]["userHandle"].clone();
    rig.password("alice").await;
    rig.arrive("/sign-in/passkey").await;
    rig.sign_in("alice", "coral").await;
    rig.go("/devices").await;
    let user = "return document.querySelector('[data-accepted]').dataset.user";
    let alice = rig.browser.execute(user, Vec::new()).await.unwrap();
    assert_eq!(handle, alice);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn escape_declines_and_the_focus_goes_back() {
    let rig = Rig::start().await;
    with_a_code(&rig).await;
    rig.click("[data-look]").await;
    rig.read("Create with fingerprint").await;
    let focus = "return document.activeElement.matches(arguments[0])";
    let approve = vec![json!("[data-approve]")];
    let focused = rig.browser.execute(focus, approve).await.unwrap();
    assert_eq!(focused, json!(true));
    let button = rig.browser.active_element().await.unwrap();
    button.send_keys("\u{e00c}").await.unwrap();
    rig.read("Declined. Nothing was sent.").await;
    let state = vec![json!("[data-state]")];
    let focused = rig.browser.execute(focus, state).await.unwrap();
    assert_eq!(focused, json!(true));
    rig.stop().await;
}

//! What the browser is told over the Signal API (WebAuthn Level 3 §5.1.10).

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::rig::{Decision, Rig};
use crate::visitor::Visitor;

/// Writes down every signal in the tab, from before the page's own script on.
const LISTEN: &str = "for (const name of ['signalUnknownCredential',
      'signalAllAcceptedCredentials', 'signalCurrentUserDetails']) {
    PublicKeyCredential[name] = async (told) => {
      const heard = JSON.parse(sessionStorage.getItem('signals') ?? '[]');
      sessionStorage.setItem('signals', JSON.stringify([...heard, [name, told]]));
    };
  }";

/// The signals since the last call.
async fn heard(rig: &Rig) -> Vec<(String, Value)> {
    let script = "const heard = sessionStorage.getItem('signals') ?? '[]';
        sessionStorage.removeItem('signals');
        return JSON.parse(heard);";
    let heard = rig.browser.execute(script, Vec::new()).await.unwrap();
    serde_json::from_value(heard).unwrap()
}

/// A browser whose signals are written down, and a user who has enrolled one phone in it.
async fn enrolled(user: &str, phone: &str, device: &str) -> Rig {
    let rig = Rig::start().await;
    rig.laptop().await;
    rig.before_every_page(LISTEN).await;
    rig.password(user).await;
    rig.press("Register a passkey").await;
    rig.enrol(phone, device, "/devices").await;
    rig
}

/// Somebody with the session of the browser's window.
async fn twin(rig: &Rig) -> Visitor {
    let cookie = rig.browser.get_named_cookie("hawser_session").await;
    let mut twin = Visitor::new(rig.router.clone(), rig.origin.clone());
    twin.cookie = Some(format!("hawser_session={}", cookie.unwrap().value()));
    twin
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_browsers_list_follows_the_sites() {
    let rig = enrolled("alice", "coral", "Coral").await;
    rig.sign_in("alice", "coral").await;
    heard(&rig).await;

    rig.press("MFA devices").await;
    rig.read("1 of at most 8 devices").await;
    let signals = heard(&rig).await;
    let names: Vec<_> = signals.iter().map(|(name, _)| name.as_str()).collect();
    let both = ["signalAllAcceptedCredentials", "signalCurrentUserDetails"];
    assert_eq!(names, both);
    let (accepted, details) = (&signals[0].1, &signals[1].1);
    assert_eq!(accepted["rpId"], "localhost");
    let ids = accepted["allAcceptedCredentialIds"].as_array().unwrap();
    assert_eq!(ids.len(), 1, "{accepted}");
    let user = &accepted["userId"];
    let expected = json!({
        "rpId": "localhost", "userId": user, "name": "alice", "displayName": "Alice Winchester",
    });
    assert_eq!(*details, expected);

    // After a rename the same again.
    rig.press("Rename").await;
    rig.write("form[action='/devices/rename'] input[name=name]", "Old")
        .await;
    rig.press("Save").await;
    rig.read("Old").await;
    assert_eq!(heard(&rig).await, signals);

    // After the last one is deleted: none.
    rig.press("Delete").await;
    rig.press("Delete for good").await;
    rig.read("No devices yet").await;
    let (_, accepted) = heard(&rig).await.swap_remove(0);
    let none = json!({"rpId": "localhost", "userId": user, "allAcceptedCredentialIds": []});
    assert_eq!(accepted, none);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_passkey_that_was_deleted_while_signing_in_is_unknown() {
    let rig = enrolled("alice", "coral", "Coral").await;
    rig.sign_in("alice", "coral").await;
    rig.go("/devices").await;
    let (_, accepted) = heard(&rig).await.swap_remove(0);
    let id = accepted["allAcceptedCredentialIds"][0].clone();
    let mut elsewhere = twin(&rig).await;
    rig.browser.delete_cookie("hawser_session").await.unwrap();

    rig.password("alice").await;
    rig.arrive("/sign-in/passkey").await;
    rig.read("Cancel").await;
    rig.phone("coral").await;
    rig.click("[data-look]").await;
    rig.read("Sign in with fingerprint").await;
    let page = elsewhere.get("/devices").await.text;
    let device = page.split(r#"name="device" value=""#).nth(1).unwrap();
    let device = device.split('"').next().unwrap();
    let fields = [("device", device)];
    let page = elsewhere.post("/devices/delete", &fields).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
    rig.click("[data-approve]").await;

    rig.laptop().await;
    rig.read("it does not belong to this account").await;
    let unknown = json!({"rpId": "localhost", "credentialId": id});
    let expected = ("signalUnknownCredential".to_owned(), unknown);
    assert_eq!(heard(&rig).await, [expected]);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_of_the_person_is_no_signal() {
    let rig = enrolled("bob", "slate", "Slate").await;
    rig.password("bob").await;
    rig.arrive("/sign-in/passkey").await;
    heard(&rig).await;
    rig.answer("slate", Decision::Decline).await;
    rig.laptop().await;
    rig.read("The request was declined on the phone").await;
    assert_eq!(heard(&rig).await, []);
    rig.stop().await;
}

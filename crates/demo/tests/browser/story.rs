//! Enrol two phones, sign in, decline, lose a device.

use crate::rig::{Decision, Rig};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_phones_are_enrolled_one_is_lost_and_the_other_still_signs_in() {
    let rig = Rig::start().await;
    rig.password("alice").await;
    rig.arrive("/").await;
    rig.read("Only your password protects this account").await;

    rig.press("Register a passkey").await;
    rig.enrol("coral", "Coral", "/devices").await;
    // Let in with the password alone: to change devices, the new one is shown first.
    rig.press("Unlock with a passkey").await;
    rig.answer("coral", Decision::Approve).await;
    rig.laptop().await;
    rig.arrive("/").await;
    rig.read("Multi-factor authentication is on").await;

    rig.press("MFA devices").await;
    rig.press("Register a passkey").await;
    rig.enrol("slate", "Slate", "/devices").await;
    rig.read("2 of at most 8 devices").await;

    // The coral phone falls into the harbour.
    rig.phone("coral").await;
    rig.click("[data-lose]").await;
    rig.read("Throw it into the harbour?").await;
    rig.click("[data-lose]").await;
    rig.read("None on this phone").await;

    rig.password("alice").await;
    rig.arrive("/sign-in/passkey").await;
    rig.answer("coral", Decision::Approve).await;
    rig.laptop().await;
    rig.read("This phone has no passkey for the site").await;
    rig.press("Try again").await;
    rig.answer("slate", Decision::Approve).await;
    rig.laptop().await;
    rig.arrive("/").await;

    // Its passkey is deleted, and the one that works stays.
    rig.press("MFA devices").await;
    rig.press("Delete").await;
    rig.press("Delete for good").await;
    rig.read("1 of at most 8 devices").await;
    assert!(!rig.text().await.contains("Coral"));
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn declining_on_the_phone_signs_nobody_in() {
    let rig = Rig::start().await;
    rig.password("bob").await;
    rig.arrive("/").await;
    rig.press("Register a passkey").await;
    rig.enrol("olive", "Olive", "/devices").await;

    rig.password("bob").await;
    rig.arrive("/sign-in/passkey").await;
    rig.answer("olive", Decision::Decline).await;
    rig.read("Declined. Nothing was sent.").await;
    rig.laptop().await;
    rig.read("The request was declined on the phone").await;
    rig.go("/").await;
    rig.arrive("/sign-in/passkey").await;
    rig.answer("olive", Decision::Approve).await;
    rig.laptop().await;
    rig.arrive("/").await;
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_phone_shows_who_asks_and_the_wire_view_who_sees_what() {
    let rig = Rig::start().await;
    rig.password("carol").await;
    rig.press("Register a passkey").await;
    rig.arrive("/devices/new").await;
    rig.press("Show the code").await;
    rig.read("Simulated proximity.").await;
    rig.phone("coral").await;
    rig.click("[data-look]").await;
    rig.read("Create a passkey").await;
    let sheet = rig.text().await;
    for words in [
        "localhost",
        "It calls itself “Hawser demo”",
        "carol",
        "Carol Capstan",
    ] {
        assert!(sheet.contains(words), "no {words:?} in: {sheet}");
    }
    rig.click("[data-approve]").await;
    rig.read("Passkey saved on this phone.").await;
    rig.laptop().await;
    rig.arrive("/devices").await;

    rig.go("/wire").await;
    rig.read("hands it to the site").await;
    let seen = rig.text().await;
    for words in ["81 bytes", "the person approves", "a new passkey for carol"] {
        assert!(seen.contains(words), "no {words:?} in: {seen}");
    }
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_phone_does_not_register_twice() {
    let rig = Rig::start().await;
    rig.password("alice").await;
    rig.press("Register a passkey").await;
    rig.enrol("coral", "First", "/devices").await;
    rig.sign_in("alice", "coral").await;
    rig.go("/devices/new").await;
    rig.write("[data-name]", "Again").await;
    rig.press("Show the code").await;
    rig.answer("coral", Decision::Approve).await;
    rig.laptop().await;
    rig.read("has a passkey for the account already").await;
    rig.write("[data-name]", "First").await;
    rig.press("Try again").await;
    rig.read("You have a device of this name").await;
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_was_left_shows_no_code_to_the_phone() {
    let rig = Rig::start().await;
    rig.password("alice").await;
    rig.press("Register a passkey").await;
    rig.arrive("/devices/new").await;
    rig.press("Show the code").await;
    rig.read("Cancel").await;
    rig.press("Overview").await;
    rig.arrive("/").await;
    rig.phone("coral").await;
    // The page says that it goes while the next one comes.
    let gone = "return fetch('/phone/coral/look', { method: 'POST' }).then((a) => a.status)";
    for _ in 0..100 {
        let status = rig.browser.execute(gone, Vec::new()).await.unwrap();
        if status == serde_json::json!(409) {
            break;
        }
        rig.click("[data-stop]").await;
    }
    rig.click("[data-look]").await;
    rig.read("No sign-in code is on the screen: start a sign-in first.")
        .await;
    rig.stop().await;
}

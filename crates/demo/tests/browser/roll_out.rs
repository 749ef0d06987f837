//! The roll-out from notify to enforced, with the clock moved, and the kill switch.

use crate::rig::{Decision, Rig};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_a_message_to_no_way_around_and_the_kill_switch() {
    let rig = Rig::start().await;
    rig.password("root").await;
    rig.arrive("/").await;
    rig.press("Roll-out").await;
    rig.read("Nobody is under the policy yet").await;

    // Notify: a message, and a way past it.
    rig.set_mode("users", "notify").await;
    rig.write("input[name=size]", "100%").await;
    rig.press("Roll out").await;
    rig.read("Every user is reached").await;
    rig.password("alice").await;
    rig.arrive("/sign-in/notice").await;
    rig.read("It is not required yet").await;
    rig.press("Not now").await;
    rig.arrive("/").await;

    // Grace: a deadline from the first sign-in on.
    rig.password("root").await;
    rig.press("Roll-out").await;
    rig.set_mode("users", "grace").await;
    rig.read("Grace period begins").await;
    rig.password("alice").await;
    rig.arrive("/sign-in/notice").await;
    rig.read("35 days left to register").await;
    rig.press("Not now").await;
    rig.arrive("/").await;

    // 36 days later.
    rig.password("root").await;
    rig.press("Roll-out").await;
    rig.press("Go").await;
    rig.arrive("/sign-in").await;
    rig.password("alice").await;
    rig.arrive("/devices/new").await;
    rig.read("Required by your organization").await;
    rig.go("/").await;
    rig.arrive("/devices/new").await;

    // The kill switch, and back.
    rig.password("root").await;
    rig.press("Roll-out").await;
    rig.press("Suspend enforcement").await;
    rig.read("Enforcement is suspended").await;
    rig.password("alice").await;
    rig.arrive("/").await;
    rig.password("root").await;
    rig.press("Roll-out").await;
    rig.press("Resume enforcement").await;

    // No way around: alice enrols and signs in with it.
    rig.password("alice").await;
    rig.enrol("coral", "Coral", "/sign-in/passkey").await;
    rig.answer("coral", Decision::Approve).await;
    rig.laptop().await;
    rig.arrive("/").await;
    rig.read("Multi-factor authentication is on").await;
    // Her only device stays.
    rig.press("MFA devices").await;
    rig.press("Delete").await;
    rig.press("Delete for good").await;
    rig.read("This is your last device").await;

    // She loses it all the same, and the administrator lets her begin again.
    rig.password("root").await;
    rig.press("Roll-out").await;
    rig.press("Reset").await;
    rig.press("Reset MFA").await;
    rig.press("Audit").await;
    rig.read("Reset a user’s MFA").await;
    for words in [
        "Suspended enforcement",
        "Resumed enforcement",
        "Deletion refused",
    ] {
        rig.read(words).await;
    }
    rig.password("alice").await;
    rig.arrive("/devices/new").await;
    rig.stop().await;
}

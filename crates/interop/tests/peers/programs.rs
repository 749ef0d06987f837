//! The programs themselves: `hawser laptop` against the other people's phone, `hawser phone` against the other people's laptop.

use std::path::Path;
use std::time::Duration;

use hawser_demo::qr_picture;
use hawser_interop::process::Process;
use hawser_interop::site::{Registration, UserVerificationPolicy};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::libwebauthn_laptop::{DOMAIN, code};
use crate::{PATIENCE, build_in, ended, kanidm_phone, last_json, libwebauthn_laptop};
use crate::{nothing_stays, said};

/// `hawser` with these arguments, on the radio of a stand-in, with nobody at the keyboard.
async fn hawser(arguments: &[&str], log: &Path, bus: &str) -> Process {
    let program = tokio::task::spawn_blocking(|| build_in(Path::new("../cli"), "hawser"));
    let program = program.await.expect("the program").display().to_string();
    Process::start(&program, log, |command| {
        command
            .args(arguments)
            .args(["--radio", "bluez", "--json"])
            .env_remove("HAWSER_LOG")
            .env("DBUS_SYSTEM_BUS_ADDRESS", bus);
    })
    .expect("hawser")
}

/// What the camera of a phone makes of the picture that the laptop shows.
async fn scan(picture: &Path, laptop: &mut Process) -> String {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Ok(png) = std::fs::read(picture) {
            return qr_picture::read_image(&png).expect("a code in the picture");
        }
        let over = laptop.ended().expect("the laptop's state").is_some();
        let hangs = over || Instant::now() >= deadline;
        assert!(!hangs, "no code:\n{}", said(laptop));
        sleep(Duration::from_millis(20)).await;
    }
}

/// One session of `hawser laptop` with their phone: its exit code, and the JSON that it printed.
async fn laptop_session(
    world: &kanidm_phone::World,
    ceremony: &str,
    options: Option<&Value>,
) -> (Option<i32>, Value) {
    let file = |name: &str| world.folder.path().join(name).display().to_string();
    let service = format!("ws://{}", world.relay.address());
    let picture = file("qr.png");
    let mut arguments = ["laptop", ceremony, "--tunnel-service", &service].to_vec();
    arguments.extend(["--qr-png", &picture]);
    let (origin, of_the_page) = (world.site.url().trim_end_matches('/'), file("options.json"));
    if let Some(options) = options {
        std::fs::write(&of_the_page, options.to_string()).expect("a file");
        arguments.extend(["--origin", origin, "--options", &of_the_page]);
    }
    let log = world.folder.path().join("hawser.log");
    let mut laptop = hawser(&arguments, &log, world.bluez.address()).await;
    let code = scan(Path::new(&picture), &mut laptop).await;
    let mut phone = world.phone(&code, "266");
    let status = ended(&mut laptop).await;
    assert!(ended(&mut phone).await.success(), "{}", said(&phone));
    let told = last_json(&laptop).unwrap_or_else(|| panic!("{}", said(&laptop)));
    (status.code(), told)
}

#[tokio::test]
async fn hawser_laptop_makes_and_uses_a_passkey_on_their_phone() {
    let mut world = kanidm_phone::World::start().await;
    let wanted = Registration {
        account: "alice".to_owned(),
        user_verification: UserVerificationPolicy::Preferred,
        exclude: Vec::new(),
    };
    let pending = world.site.register(&wanted).expect("options");
    let (code, told) = laptop_session(&world, "register", Some(&pending.options)).await;
    assert_eq!(code, Some(0), "{told}");
    let alice = world
        .site
        .registered(pending, told["response"].clone())
        .expect("the site takes it");

    let pending = world
        .site
        .sign_in(&[&alice], UserVerificationPolicy::Preferred)
        .expect("options");
    let (code, told) = laptop_session(&world, "sign-in", Some(&pending.options)).await;
    assert_eq!(code, Some(0), "{told}");
    let signed_in = world
        .site
        .signed_in(&pending, told["response"].clone())
        .expect("the site takes it");
    assert_eq!(signed_in.account, "alice");

    nothing_stays(&world.relay).await;
    assert_eq!((world.relay.opened(), world.relay.joined()), (2, 2));
}

/// The relying party inside `hawser laptop` requires it, and the soft token cannot do it.
#[tokio::test]
async fn hawser_laptop_refuses_a_phone_that_does_not_verify_its_user() {
    let world = kanidm_phone::World::start().await;
    let (code, told) = laptop_session(&world, "register", None).await;
    assert_eq!(code, Some(1), "{told}");
    assert_eq!(told["verified"], false, "{told}");
    let words = told["error"].as_str().unwrap_or_default();
    assert!(
        words.contains("the phone did not verify its user"),
        "{words}"
    );
    nothing_stays(&world.relay).await;
}

/// One session of their laptop with `hawser phone`: what a page would get, and the JSON that the phone printed.
async fn phone_session(
    world: &libwebauthn_laptop::World,
    call: &str,
    options: &Value,
    approve: &str,
) -> (Option<Value>, Value) {
    let mut laptop = world.laptop(call, options);
    let code = code(&mut laptop).await;
    let domain = DOMAIN.to_string();
    let ca = world.authority.ca.display().to_string();
    let store = world.folder.path().join("passkeys.json");
    let store = store.display().to_string();
    let arguments = [
        &["phone", "--qr", &code, "--domain-id", &domain][..],
        &["--connect", world.relay.address(), "--ca", &ca],
        &["--store", &store, "--approve", approve],
    ];
    let log = world.folder.path().join("hawser.log");
    let mut phone = hawser(&arguments.concat(), &log, world.bluez.address()).await;
    let status = ended(&mut phone).await;
    let told = last_json(&phone).unwrap_or_else(|| panic!("{}\n{}", said(&phone), said(&laptop)));
    let fulfilled = Value::Bool(status.success());
    assert_eq!(told.get("fulfilled"), Some(&fulfilled), "{told}");
    let status = ended(&mut laptop).await;
    let answer = last_json(&laptop);
    assert_eq!(status.success(), answer.is_some(), "{}", said(&laptop));
    (answer, told)
}

#[tokio::test]
async fn their_laptop_makes_and_uses_a_passkey_on_hawser_phone() {
    let mut world = libwebauthn_laptop::World::start().await;
    let wanted = Registration {
        account: "alice".to_owned(),
        user_verification: UserVerificationPolicy::Required,
        exclude: Vec::new(),
    };
    let pending = world.site.register(&wanted).expect("options");
    let (made, told) = phone_session(&world, "create", &pending.options, "always").await;
    assert_eq!(told["answers"][0]["operation"], "register", "{told}");
    let alice = world
        .site
        .registered(pending, made.expect("a passkey"))
        .expect("the site takes it");

    let pending = world
        .site
        .sign_in(&[&alice], UserVerificationPolicy::Required)
        .expect("options");
    let (signed, told) = phone_session(&world, "get", &pending.options, "never").await;
    assert_eq!((signed, &told["fulfilled"]), (None, &Value::Bool(false)));

    let (signed, told) = phone_session(&world, "get", &pending.options, "always").await;
    assert_eq!(told["answers"][0]["operation"], "sign_in", "{told}");
    let signed_in = world
        .site
        .signed_in(&pending, signed.expect("a signature"))
        .expect("the site takes it");
    assert_eq!(signed_in.account, "alice");
    assert!(signed_in.user_verified);

    nothing_stays(&world.relay).await;
    assert_eq!((world.relay.opened(), world.relay.joined()), (3, 3));
    assert!(world.bluez.radio().on_air.is_empty());
}

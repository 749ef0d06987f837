//! The whole story over real sockets, when the phone approves and when it declines.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::time::Duration;

use hawser_demo::qr_picture;
use hawser_demo::story::{self, Approval, Event, Pace, Part, Stage, StoryOptions, StoryReport};

const TO_APPROVAL: [Stage; 8] = [
    Stage::PasswordAccepted,
    Stage::QrShown,
    Stage::QrScanned,
    Stage::TunnelOpen,
    Stage::PhoneNearby,
    Stage::Connected,
    Stage::Secured,
    Stage::WaitingForApproval,
];

async fn play(options: StoryOptions) -> (StoryReport, Vec<Event>) {
    let mut events = Vec::new();
    let mut narrator = |event: &Event| events.push(event.clone());
    let report = story::run(options, &mut narrator).await.unwrap();
    (report, events)
}

fn stages(report: &StoryReport, part: Part) -> Vec<Stage> {
    let stages = report.stages.iter().filter(|stage| stage.part == part);
    stages.map(|stage| stage.name).collect()
}

#[tokio::test]
async fn a_phone_that_approves_enrols_and_signs_in() {
    let (report, events) = play(StoryOptions::default()).await;
    assert!(report.registered && report.signed_in, "{report:?}");
    assert_eq!(report.declined, None);

    let setup = stages(&report, Part::Setup);
    assert_eq!(setup, [Stage::RelayUp, Stage::SiteUp]);
    let ending = [Stage::Approved, Stage::Closed, Stage::Verified];
    let ceremony = [&TO_APPROVAL[..], &ending[..]].concat();
    assert_eq!(stages(&report, Part::Register), ceremony);
    assert_eq!(stages(&report, Part::SignIn), ceremony);

    let told: Vec<_> = events.iter().map(|e| (e.part, e.stage)).collect();
    let reported: Vec<_> = report.stages.iter().map(|s| (s.part, s.name)).collect();
    assert_eq!(told, reported);
    assert!(report.stages.is_sorted_by_key(|stage| stage.ms));
    assert!(report.elapsed_ms >= report.stages.last().unwrap().ms);
}

#[tokio::test]
async fn the_relay_counts_what_it_forwarded() {
    let (report, _) = play(StoryOptions::default()).await;
    // Two handshake messages, what the phone says about itself, its update, request, reply and
    // goodbye: seven in each ceremony.
    assert_eq!(report.relay_messages, 14);
}

#[tokio::test]
async fn the_two_codes_differ_and_are_what_the_narrator_saw() {
    let (_, events) = play(StoryOptions::default()).await;
    let screens: Vec<_> = events.iter().filter_map(|e| e.screen.as_deref()).collect();
    let codes: Vec<_> = screens
        .iter()
        .map(|screen| qr_picture::read_terminal(screen).unwrap())
        .collect();
    assert_eq!(codes.len(), 2);
    assert!(codes.iter().all(|code| code.starts_with("FIDO:/")));
    assert_ne!(codes[0], codes[1]);
    let shown = events.iter().filter(|e| e.screen.is_some());
    assert!(shown.clone().all(|e| e.stage == Stage::QrShown));
}

#[tokio::test]
async fn what_is_told_names_the_site_the_user_and_the_simulated_radio() {
    let (_, events) = play(StoryOptions::default()).await;
    let detail = |part, stage| {
        let event = events.iter().find(|e| e.part == part && e.stage == stage);
        event.unwrap().detail.clone()
    };
    assert!(detail(Part::Setup, Stage::RelayUp).starts_with("ws://127.0.0.1:"));
    assert!(detail(Part::Setup, Stage::SiteUp).starts_with("http://localhost:"));
    let prompt = detail(Part::Register, Stage::Approved);
    assert_eq!(
        prompt,
        "on the phone: localhost: make a passkey as alice? Yes."
    );
    let prompt = detail(Part::SignIn, Stage::Approved);
    assert_eq!(prompt, "on the phone: localhost: sign in as alice? Yes.");
    assert!(detail(Part::SignIn, Stage::PhoneNearby).contains("simulated"));
    assert_eq!(detail(Part::SignIn, Stage::Verified), "alice is signed in");
}

#[tokio::test]
async fn a_phone_that_declines_ends_it_plainly() {
    let options = StoryOptions {
        approval: Approval::Declines,
        ..StoryOptions::default()
    };
    let (report, _) = play(options).await;
    assert!(!report.registered && !report.signed_in, "{report:?}");
    let words = report.declined.as_deref().unwrap();
    assert!(words.contains("declined on the phone"), "{words}");

    let ending = [Stage::Declined, Stage::Closed];
    let ceremony = [&TO_APPROVAL[..], &ending[..]].concat();
    assert_eq!(stages(&report, Part::Register), ceremony);
    assert_eq!(stages(&report, Part::SignIn), []);
    assert_eq!(report.relay_messages, 7);
}

#[tokio::test]
async fn a_slow_story_is_the_same_story() {
    let pause = Duration::from_millis(5);
    let options = StoryOptions {
        pace: Pace::every(pause),
        ..StoryOptions::default()
    };
    let (report, _) = play(options).await;
    assert!(report.registered && report.signed_in, "{report:?}");
    // The phone is held to the code only when everything up to it has been told and looked at.
    let first_scan = report.stages.iter().find(|s| s.name == Stage::QrScanned);
    assert!(first_scan.unwrap().ms >= 4 * 5, "{report:?}");
}

#[tokio::test]
async fn two_stories_at_once_do_not_meet() {
    let (first, second) =
        tokio::join!(play(StoryOptions::default()), play(StoryOptions::default()));
    for (report, _) in [first, second] {
        assert!(report.registered && report.signed_in, "{report:?}");
        assert_eq!(report.relay_messages, 14);
    }
}

#[tokio::test]
async fn the_report_is_one_line_of_json() {
    let options = StoryOptions {
        approval: Approval::Declines,
        ..StoryOptions::default()
    };
    let (report, _) = play(options).await;
    let json = serde_json::to_string(&report).unwrap();
    assert!(!json.contains('\n'));
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value["registered"], false);
    assert_eq!(value["signed_in"], false);
    assert_eq!(value["relay_messages"], 7);
    assert!(value["elapsed_ms"].is_u64());
    assert!(value["declined"].is_string());
    assert_eq!(value["stages"][0]["part"], "setup");
    assert_eq!(value["stages"][0]["name"], "relay_up");
    assert!(value["stages"][0]["ms"].is_u64());
    assert_eq!(serde_json::from_str::<StoryReport>(&json).unwrap(), report);
}

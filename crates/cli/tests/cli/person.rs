//! `hawser phone --approve ask`: a person at the terminal decides.

use rustix::process::Signal;

use crate::scene::{Running, RunningRelay, Scene};
use crate::terminal::Terminal;

const QUESTION: &str = "Type y and Enter";

fn phone(scene: &Scene, relay: &RunningRelay, more: &[&str]) -> Terminal {
    let args = scene.phone(&relay.url(), more);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    Terminal::start(&args)
}

fn begin(ceremony: &str, flags: &[&str]) -> (RunningRelay, Scene, Running, Terminal) {
    let (relay, scene) = (RunningRelay::start(), Scene::new());
    let laptop = scene.laptop(ceremony, &relay.url(), flags);
    let phone = phone(&scene, &relay, &[]);
    (relay, scene, laptop, phone)
}

#[test]
fn yes_is_yes() {
    let (_relay, _scene, laptop, mut phone) = begin("register", &[]);
    phone.wait_for(QUESTION);
    let question = phone.shows();
    assert!(
        question.contains("example.com wants to make a passkey"),
        "{question}"
    );
    assert!(question.contains("alice"), "{question}");
    assert!(
        question.contains("Yes also says that it is you"),
        "{question}"
    );
    phone.type_keys("y\n");
    let (code, shown) = phone.end();
    assert_eq!(code, Some(0), "{shown}");
    assert_eq!(laptop.end().code, Some(0));
}

#[test]
fn enter_alone_is_no_and_so_is_no() {
    for keys in ["\n", "n\n", "no\n"] {
        let (_relay, _scene, laptop, mut phone) = begin("register", &[]);
        phone.wait_for(QUESTION);
        phone.type_keys(keys);
        let (code, shown) = phone.end();
        assert_eq!(code, Some(1), "{shown}");
        let said = laptop.end();
        assert_eq!(said.code, Some(1));
        assert!(said.err.contains("declined on the phone"), "{}", said.err);
    }
}

#[test]
fn what_means_nothing_is_asked_again() {
    let (_relay, _scene, laptop, mut phone) = begin("register", &[]);
    phone.wait_for(QUESTION);
    phone.type_keys("1\n");
    crate::scene::wait_until("the question again", || {
        phone.shows().matches(QUESTION).count() == 2
    });
    phone.type_keys("yes\n");
    assert_eq!(phone.end().0, Some(0));
    assert_eq!(laptop.end().code, Some(0));
}

#[test]
fn what_was_typed_before_the_question_is_no_answer() {
    let (relay, scene) = (RunningRelay::start(), Scene::new());
    let laptop = scene.laptop("register", &relay.url(), &[]);
    laptop.signal(Signal::STOP);
    let mut phone = phone(&scene, &relay, &[]);
    phone.wait_for("advertising");
    phone.type_keys("y\ny");
    laptop.signal(Signal::CONT);
    phone.wait_for(QUESTION);
    phone.type_keys("\n");
    let (code, shown) = phone.end();
    assert_eq!(code, Some(1), "{shown}");
    assert_eq!(laptop.end().code, Some(1));
}

#[test]
fn ctrl_c_at_the_question_declines_and_the_laptop_is_told() {
    let (_relay, _scene, laptop, phone) = begin("register", &[]);
    phone.wait_for(QUESTION);
    phone.signal(Signal::INT);
    let (code, shown) = phone.end();
    assert_eq!(code, Some(1), "{shown}");
    let said = laptop.end();
    assert!(said.err.contains("declined on the phone"), "{}", said.err);
}

/// Ctrl-C is an answer; whoever ends the program otherwise has given none.
#[test]
fn sigterm_at_the_question_ends_the_phone_and_the_laptop_notices() {
    let (_relay, _scene, laptop, phone) = begin("register", &[]);
    phone.wait_for(QUESTION);
    phone.signal(Signal::TERM);
    let (code, shown) = phone.end();
    assert_eq!(code, Some(143), "{shown}");
    let said = laptop.end();
    assert_eq!(said.code, Some(1));
    assert!(
        said.err.contains("the connection to the phone ended"),
        "{}",
        said.err
    );
}

#[test]
fn a_laptop_that_cancels_takes_its_question_back() {
    let (_relay, _scene, laptop, phone) = begin("register", &[]);
    phone.wait_for(QUESTION);
    laptop.signal(Signal::INT);
    let said = laptop.end();
    assert_eq!(said.code, Some(130), "{}", said.err);
    assert!(
        said.out.contains("Cancelled: the phone is told"),
        "{}",
        said.out
    );
    let (code, shown) = phone.end();
    assert_eq!(code, Some(1), "{shown}");
    assert!(shown.contains("The question is off"), "{shown}");
    assert!(shown.contains("error: the laptop cancelled"), "{shown}");
}

#[test]
fn a_phone_that_is_killed_is_missed_at_once() {
    let (_relay, _scene, laptop, phone) = begin("register", &[]);
    phone.wait_for(QUESTION);
    phone.signal(Signal::KILL);
    // Well within the five minutes that the person would have had.
    let said = laptop.end();
    assert_eq!(said.code, Some(1));
    let words = "error: the connection to the phone ended while waiting for an answer on the phone";
    assert!(said.err.contains(words), "{}", said.err);
}

#[test]
fn a_laptop_that_is_killed_is_missed_at_once() {
    let (_relay, _scene, laptop, phone) = begin("register", &[]);
    phone.wait_for(QUESTION);
    laptop.signal(Signal::KILL);
    let (code, shown) = phone.end();
    assert_eq!(code, Some(1), "{shown}");
    assert!(
        shown.contains("error: the connection was lost while answering the laptop"),
        "{shown}"
    );
}

#[test]
fn a_relay_that_goes_down_is_missed_by_both() {
    let (relay, _scene, laptop, phone) = begin("register", &[]);
    phone.wait_for(QUESTION);
    drop(relay);
    let said = laptop.end();
    assert_eq!(said.code, Some(1));
    assert!(
        said.err.contains("the connection to the phone ended"),
        "{}",
        said.err
    );
    let (code, shown) = phone.end();
    assert_eq!(code, Some(1), "{shown}");
    assert!(shown.contains("error: the connection was lost"), "{shown}");
}

#[test]
fn among_several_accounts_one_is_chosen() {
    let (relay, scene) = (RunningRelay::start(), Scene::new());
    let store = scene.file("phone.json");
    for user in ["alice", "bob"] {
        let laptop = scene.laptop("register", &relay.url(), &["--user", user]);
        let mut phone = phone(&scene, &relay, &["--store", &store]);
        phone.wait_for(QUESTION);
        phone.type_keys("y\n");
        assert_eq!(phone.end().0, Some(0));
        assert_eq!(laptop.end().code, Some(0));
    }
    let options = scene.file("options.json");
    let challenge = r#"{"challenge": "AAECAwQFBgcICQoLDA0ODw", "rpId": "example.com"}"#;
    std::fs::write(&options, challenge).unwrap();
    let laptop = scene.laptop("sign-in", &relay.url(), &["--options", &options]);
    let mut phone = phone(&scene, &relay, &["--store", &store]);
    phone.wait_for("Type 1 to 2 and Enter");
    let question = phone.shows();
    // The newest passkey first.
    assert!(
        question.contains("1  bob") && question.contains("2  alice"),
        "{question}"
    );
    // There is no yes without a choice.
    phone.type_keys("y\n3\n2\n");
    assert_eq!(phone.end().0, Some(0));
    let said = laptop.end();
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.json()["response"]["userHandle"].is_string());
}

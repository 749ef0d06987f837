//! What is said, and who leaves when.

use std::sync::atomic::Ordering;

use super::script::{APPROVES, DECLINES, Outcome, Person, play};
use super::*;

const SELECTION: &[u8] = &[ctap::SELECTION];

#[tokio::test(start_paused = true)]
async fn a_request_a_reply_and_a_goodbye() {
    let outcome = play(APPROVES, async |mut laptop, on_air| {
        laptop.joins().await;
        assert!(
            !on_air.load(Ordering::SeqCst),
            "the advert has done its work"
        );
        laptop.asks(SIGN_IN);
        assert_eq!(laptop.hears_status().await, NO_CREDENTIALS);
        laptop.says_goodbye();
        // No shutdown from a phone, nor anything else: browsers take it for an error.
        assert_eq!(laptop.from_phone.recv().await, None);
    })
    .await;
    let result = outcome.result.unwrap();
    assert_eq!(result.ending, Ending::Shutdown);
    assert_eq!(statuses(&result), [NO_CREDENTIALS]);
    let asked = (Operation::NoPasskey, "example.com".to_owned());
    assert_eq!(result.answers[0].asked, Some(asked.clone()));
    let (operation, rp_id) = asked;
    let answered = Progress::Answered {
        status: NO_CREDENTIALS,
    };
    assert_eq!(
        outcome.progress,
        [Progress::Asked { operation, rp_id }, answered]
    );
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_an_answer() {
    let outcome = play(DECLINES, async |mut laptop, _| {
        laptop.joins().await;
        laptop.asks(SIGN_IN);
        assert_eq!(laptop.hears_status().await, DENIED);
        laptop.closes();
    })
    .await;
    let result = outcome.result.unwrap();
    assert_eq!(result.ending, Ending::Closed);
    assert_eq!(statuses(&result), [DENIED]);
}

#[tokio::test(start_paused = true)]
async fn a_laptop_that_changes_its_mind() {
    let outcome = play(Person::Hesitates, async |mut laptop, _| {
        laptop.joins().await;
        laptop.asks(SIGN_IN);
        laptop.says_goodbye();
        while laptop.from_phone.recv().await.is_some() {}
    })
    .await;
    assert!(matches!(outcome.result, Err(PhoneError::Cancelled)));
    assert_eq!(outcome.took, 0);
}

#[tokio::test(start_paused = true)]
async fn another_device_was_chosen() {
    let outcome = play(APPROVES, async |mut laptop, _| {
        laptop.joins().await;
        laptop.asks(SELECTION);
        assert_eq!(laptop.from_phone.recv().await.map(|m| m.len()), Some(528));
        assert_eq!(laptop.from_phone.recv().await, None, "not answered");
    })
    .await;
    let result = outcome.result.unwrap();
    assert_eq!(result.ending, Ending::AnotherDevice);
    assert!(result.answers.is_empty());
}

#[tokio::test(start_paused = true)]
async fn so_many_requests_and_no_more() {
    for (requests, served) in [(MAX_REQUESTS, true), (MAX_REQUESTS + 1, false)] {
        let outcome = play(DECLINES, async |mut laptop, _| {
            laptop.joins().await;
            for _ in 0..MAX_REQUESTS {
                laptop.asks(SIGN_IN);
                assert_eq!(laptop.hears_status().await, DENIED);
            }
            if requests > MAX_REQUESTS {
                laptop.asks(SIGN_IN);
                assert_eq!(laptop.from_phone.recv().await, None);
            } else {
                laptop.says_goodbye();
            }
        })
        .await;
        match outcome.result {
            Ok(result) => assert!(served && result.answers.len() == MAX_REQUESTS),
            Err(PhoneError::TooManyRequests) => assert!(!served),
            Err(other) => panic!("{other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_is_none_is_not_answered() {
    let outcome = play(APPROVES, async |mut laptop, on_air| {
        let mut altered = laptop.handshake.clone();
        altered[80] ^= 1;
        laptop.says(altered);
        assert_eq!(laptop.from_phone.recv().await, None);
        assert!(!on_air.load(Ordering::SeqCst));
    })
    .await;
    assert!(matches!(outcome.result, Err(PhoneError::Handshake(_))));
}

#[tokio::test(start_paused = true)]
async fn a_tunnel_that_breaks_says_during_what() {
    #[track_caller]
    fn assert_lost(outcome: Outcome, expected: Stage) {
        match outcome.result {
            Err(PhoneError::LaptopLost { stage, .. }) => assert_eq!(stage, expected),
            other => panic!("expected a lost laptop, not {other:?}"),
        }
        assert_eq!(outcome.took, 0, "reported at once");
    }
    let outcome = play(APPROVES, async |laptop, _| drop(laptop)).await;
    assert_lost(outcome, Stage::Advertising);
    let outcome = play(APPROVES, async |laptop, _| laptop.is_closed_with(1001)).await;
    assert_lost(outcome, Stage::Advertising);
    let outcome = play(APPROVES, async |mut laptop, _| {
        laptop.joins().await;
        laptop.closes();
    })
    .await;
    assert_lost(outcome, Stage::AwaitingRequest);
    let outcome = play(Person::Hesitates, async |mut laptop, _| {
        laptop.joins().await;
        laptop.asks(SIGN_IN);
    })
    .await;
    assert_lost(outcome, Stage::Answering);
}

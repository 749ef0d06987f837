//! An authenticator that the app brought along.

use super::script::{Script, play_within};
use super::*;

/// Makes the same reply to everything, after it has asked.
struct Own(Vec<u8>);

impl CtapAuthenticator for Own {
    async fn get_info(&self) -> Vec<u8> {
        vec![0xA0]
    }

    async fn answer(&mut self, request: &[u8], mut asking: Asking<'_>) -> Vec<u8> {
        assert_eq!(request, SIGN_IN);
        assert_eq!(asking.limit(), Limits::default().approval);
        asking.asked(Operation::SignIn, "example.com");
        self.0.clone()
    }
}

/// What the phone says that it answered, and what the laptop hears.
async fn answers(reply: Vec<u8>) -> (Answer, u8) {
    let mut heard = None;
    let outcome = play_within(
        Limits::default(),
        Own(reply),
        async |mut laptop: Script, _| {
            laptop.joins().await;
            laptop.asks(SIGN_IN);
            heard = Some(laptop.hears_status().await);
            laptop.says_goodbye();
        },
    )
    .await;
    let asked = outcome.progress.first().cloned();
    let expected = Progress::Asked {
        operation: Operation::SignIn,
        rp_id: "example.com".to_owned(),
    };
    assert_eq!(asked, Some(expected));
    let mut answers = outcome.result.unwrap().answers;
    (answers.remove(0), heard.unwrap())
}

#[tokio::test(start_paused = true)]
async fn it_is_asked_and_answers() {
    let (told, heard) = answers(vec![0, 0xA0]).await;
    assert_eq!((told.status, heard), (0, 0));
    let asked = (Operation::SignIn, "example.com".to_owned());
    assert_eq!(told.asked, Some(asked));
}

/// The laptop did nothing wrong, and must not wait for ever.
#[tokio::test(start_paused = true)]
async fn a_reply_that_is_none_is_told_as_a_fault() {
    for reply in [Vec::new(), vec![0; hawser_proto::record::MAX_PLAINTEXT]] {
        let (told, heard) = answers(reply).await;
        assert_eq!((told.status, heard), (ctap::OTHER, ctap::OTHER));
    }
    // One byte goes for the type of the frame.
    let (told, heard) = answers(vec![0; hawser_proto::record::MAX_PLAINTEXT - 1]).await;
    assert_eq!((told.status, heard), (0, 0));
}

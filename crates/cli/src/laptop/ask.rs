//! Shows the code and asks the phone that scans it.

use std::io;
use std::path::Path;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use hawser_demo::qr_picture::Picture;
use hawser_laptop::webauthn::{Authentication, Registration};
use hawser_laptop::{Hint, Laptop, Progress};
use hawser_tunnel::Dialer;
use serde_json::Value;

use super::qr_file::QrFile;
use crate::ending::Failure;
use crate::paper::{Actor, Mark};
use crate::radio::AnyScanner;
use crate::screen::Screen;
use crate::signal::{Signal, Signals};

/// What the phone is asked for.
pub(super) enum Ceremony {
    Register(Box<Registration>),
    SignIn(Box<Authentication>),
}

impl Ceremony {
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Register(_) => "register",
            Self::SignIn(_) => "sign_in",
        }
    }

    const fn hint(&self) -> Hint {
        match self {
            Self::Register(_) => Hint::MakeCredential,
            Self::SignIn(_) => Hint::GetAssertion,
        }
    }
}

/// What became of the question.
pub(super) enum Answer {
    /// The phone's answer as WebAuthn JSON.
    Response(Value),
    /// A signal came first.
    Ended(Signal),
}

/// Where the user sits.
pub(super) struct Desk<'a> {
    pub(super) dialer: Dialer,
    pub(super) scanner: AnyScanner,
    pub(super) screen: Screen,
    pub(super) qr_png: Option<&'a Path>,
    /// The flags of a `hawser phone` that this laptop would hear, when the code's text may be printed.
    pub(super) phone_command: Option<String>,
}

impl Desk<'_> {
    pub(super) async fn ask(self, ceremony: &Ceremony) -> Result<Answer, Failure> {
        // Before there is a picture that must not be left behind.
        let mut signals = Signals::listen();
        let invite = Laptop::new(self.dialer)
            .invite(ceremony.hint(), SystemTime::now())
            .map_err(|error| Failure::failed(&error))?;
        let picture = Picture::of(&invite.uri()).map_err(|error| Failure::failed(&error))?;
        let file = self.qr_png.map(|path| QrFile::prepare(path, &picture));
        let mut display = Display {
            uri: invite.uri(),
            picture,
            file: file.transpose()?,
            phone_command: self.phone_command,
            screen: self.screen.clone(),
        };
        self.screen.waiting("starting the radio");
        let canceller = invite.canceller();
        let secured = AtomicBool::new(false);
        let hear = |progress: Progress| {
            if matches!(progress, Progress::Secured) {
                secured.store(true, Ordering::Relaxed);
            }
            display.hear(&progress);
        };
        let answer = async {
            match ceremony {
                Ceremony::Register(registration) => {
                    let response = invite.register(self.scanner, registration, hear).await;
                    response.map(serde_json::to_value)
                }
                Ceremony::SignIn(authentication) => {
                    let response = invite
                        .authenticate(self.scanner, authentication, hear)
                        .await;
                    response.map(serde_json::to_value)
                }
            }
        };
        let mut answer = pin!(answer);
        let answer = tokio::select! {
            biased;
            signal = signals.next() => {
                canceller.cancel();
                self.screen.waiting("saying goodbye");
                let late = goodbye(&mut signals, answer).await;
                self.screen.still();
                let words = match late {
                    // Then the phone has done what it was asked, and what it did is not lost.
                    Some(Ok(response)) => {
                        let late = "Too late to cancel: the phone had answered already.";
                        self.screen.say(&self.screen.paper().notice(late));
                        return response_of(response);
                    }
                    Some(Err(_)) if secured.load(Ordering::Relaxed) => "Cancelled: the phone is told.",
                    Some(Err(_)) => "Cancelled: there was no phone to tell yet.",
                    None => "Cancelled at once: if there is a phone, it sees that the laptop is gone.",
                };
                self.screen.say(&self.screen.paper().notice(words));
                return Ok(Answer::Ended(signal));
            }
            answer = &mut answer => answer,
            () = self.screen.unseen() => {
                canceller.cancel();
                if let Some(Ok(response)) = goodbye(&mut signals, answer).await {
                    return response_of(response);
                }
                let error = io::Error::other("standard output is closed: nobody would see the code or the answer");
                return Err(Failure::failed(&error));
            }
        };
        response_of(answer.map_err(|error| Failure::failed(&error))?)
    }
}

fn response_of(json: Result<Value, serde_json::Error>) -> Result<Answer, Failure> {
    let json = json.map_err(|error| Failure::failed(&error))?;
    Ok(Answer::Response(json))
}

/// The phone is told, unless somebody is in a hurry.
async fn goodbye<A>(signals: &mut Signals, answer: impl Future<Output = A>) -> Option<A> {
    tokio::select! {
        biased;
        answer = answer => Some(answer),
        _ = signals.next() => None,
    }
}

/// The laptop's screen while it waits.
struct Display {
    uri: String,
    picture: Picture,
    file: Option<QrFile>,
    phone_command: Option<String>,
    screen: Screen,
}

impl Display {
    fn hear(&mut self, progress: &Progress) {
        let (title, detail, next) = match progress {
            Progress::WaitingForScan => return self.show_code(),
            Progress::PhoneNearby { domain, routing_id } => {
                // Whoever finds the code now is too late.
                self.file = None;
                let routing = routing_id
                    .map_or_else(String::new, |id| format!(", routing id {}", id.to_hex()));
                (
                    "phone nearby",
                    format!(
                        "its advert names {domain} (number {}){routing}",
                        domain.id()
                    ),
                    "connecting to the phone",
                )
            }
            Progress::Connected => (
                "connected",
                "the tunnel service has both".to_owned(),
                "making sure that it is the right phone",
            ),
            Progress::Secured => (
                "secured",
                "encrypted from end to end".to_owned(),
                "sending the request",
            ),
            Progress::WaitingForApproval => (
                "waiting for approval",
                "look at the phone".to_owned(),
                "waiting for an answer on the phone",
            ),
            Progress::Done => ("answered", "laptop and phone hung up".to_owned(), ""),
            _ => return,
        };
        self.screen.tell(Actor::Laptop, Mark::Step, title, &detail);
        self.screen.waiting(next);
    }

    fn show_code(&mut self) {
        let (paper, screen) = (self.screen.paper(), &self.screen);
        screen.tell(
            Actor::Laptop,
            Mark::Step,
            "QR code shown",
            "scan it with the phone",
        );
        screen.say(&paper.code(&self.picture.terminal()));
        if let Some(file) = &mut self.file
            && let Err(failure) = file.show()
        {
            screen.say(&paper.notice(failure.words()));
        }
        if let Some(flags) = &self.phone_command {
            screen.say(&paper.aside("To be the phone, type in another terminal of this computer:"));
            // In one line whatever the width, so that it can be copied.
            screen.say(&format!("\nhawser phone {flags} --qr {}\n", self.uri));
        }
        screen.waiting("listening for the phone");
    }
}

//! `hawser phone`: a phone in a terminal.
//!
//! | module | what it holds |
//! |---|---|
//! | [`person`] | who decides: the person at the terminal, or an option |
//! | [`prompt`] | what that person is shown |
//! | [`keyboard`] | lines that are typed after a question, and none from before |
//! | [`report`] | what came of the session |

mod keyboard;
mod person;
mod prompt;
mod report;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgGroup, Args};
use hawser_demo::qr_picture;
use hawser_phone::store::{CredentialStore, FileStore, MemoryStore, Passkey};
use hawser_phone::{
    Authenticator, Phone as Session, PhoneError, PhoneOutcome, Progress, ScannedQr,
};
use hawser_tunnel::Dialer;
use hawser_wire::TunnelDomain;

use crate::argument;
use crate::ending::{Ending, FAILED, Failure};
use crate::output;
use crate::paper::{Actor, Mark};
use crate::radio::{AnyAdvertiser, Radio};
use crate::runtime;
use crate::screen::{Reader, Screen};
use crate::signal::Signal;
use crate::tunnel_service::TunnelService;
use person::{Approve, Person};

/// Be the phone: accept the QR code of a laptop, ask the person, answer.
///
/// A real phone takes codes from its camera and from nowhere else, because the scan is the proof that its owner looks at the
/// laptop. This one takes whatever is typed, for development.
///
/// The exit code is 0 when the laptop got what it asked for.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("code").required(true).args(["qr", "qr_image"])))]
#[command(group(ArgGroup::new("place").required(true).multiple(true).args(["domain_id", "tunnel_service"])))]
pub(crate) struct Phone {
    /// The text of the QR code: FIDO:/ and digits. With `-` it is read from standard input.
    #[arg(long, value_name = "URI", allow_hyphen_values = true)]
    qr: Option<String>,
    /// A PNG or JPEG picture that shows the QR code.
    #[arg(long, value_name = "FILE")]
    qr_image: Option<PathBuf>,
    /// Number of the tunnel domain that the phone waits at; see `hawser domain`. Needed unless --tunnel-service is there.
    #[arg(long, value_name = "N")]
    domain_id: Option<u16>,
    /// Keep passkeys in this file. Without it they are forgotten at the end.
    #[arg(long, value_name = "FILE")]
    store: Option<PathBuf>,
    /// Who decides about requests.
    #[arg(long, value_enum, default_value = "ask")]
    approve: Approve,
    /// Tell everything on standard error, and print one JSON object on standard output at the end.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    service: TunnelService,
    #[command(flatten)]
    radio: Radio,
}

impl Phone {
    pub(crate) fn run(self) -> Ending {
        let screen = Screen::open(if self.json {
            Reader::Program
        } else {
            Reader::Person
        });
        self.approve.check(&screen)?;
        let code = self.code()?;
        let domain = self.domain()?;
        let dialer = self.service.dialer()?;
        let advertiser = self.radio.advertiser()?;
        self.warn(&screen);
        let setting = Setting {
            dialer,
            advertiser,
            domain,
            person: Person::new(self.approve, screen.clone()),
            screen: screen.clone(),
        };
        let told = if let Some(path) = &self.store {
            argument::can_be_made("--store", path)?;
            let store =
                FileStore::open(path).map_err(|error| Failure::failed(&error).about("--store"))?;
            runtime::run(setting.play(store, &code))?
        } else {
            runtime::run(setting.play(MemoryStore::new(), &code))?
        };
        screen.still();
        self.close(&screen, told)
    }

    fn warn(&self, screen: &Screen) {
        let paper = screen.paper();
        let radio = self.radio.notice().map(|notice| paper.notice(notice));
        let store = self.store.is_none().then(|| {
            paper.aside("Passkeys are forgotten when this ends: keep them with --store FILE.")
        });
        let warnings: Vec<_> = [radio, store].into_iter().flatten().collect();
        if !warnings.is_empty() {
            screen.say(&format!("{}\n", warnings.join("\n")));
        }
    }

    fn code(&self) -> Result<ScannedQr, Failure> {
        let (text, source) = match (&self.qr_image, &self.qr) {
            (Some(path), _) => {
                let source = format!("--qr-image {}", path.display());
                let file = std::fs::read(path)
                    .map_err(|error| Failure::malformed(&error).about(&source))?;
                let text = qr_picture::read_image(&file)
                    .map_err(|error| Failure::malformed(&error).about(&source))?;
                (text, source)
            }
            (None, Some(text)) => (argument::or_input(text)?, "--qr".to_owned()),
            // Excluded by the flags' own rules.
            (None, None) => (String::new(), "--qr".to_owned()),
        };
        ScannedQr::from_scanner(text.trim())
            .map_err(|error| Failure::malformed(&error).about(&source))
    }

    /// Where one service stands for every domain, any number will do.
    fn domain(&self) -> Result<TunnelDomain, Failure> {
        TunnelDomain::from_id(self.domain_id.unwrap_or(ANY_DERIVED))
            .map_err(|error| Failure::malformed(&error).about("--domain-id"))
    }

    fn close(&self, screen: &Screen, told: Played) -> Ending {
        let told = match told {
            Ok(told) => told,
            Err(signal) => {
                if self.json {
                    output::print_line(&report::error_json(signal.words()).to_string())?;
                }
                return Ok(signal.code());
            }
        };
        match told {
            Ok(outcome) => {
                let good = report::fulfilled(&outcome);
                let mark = if good { Mark::Good } else { Mark::Bad };
                screen.say(&format!(
                    "\n{}",
                    screen.paper().verdict(mark, report::verdict(&outcome))
                ));
                if self.json {
                    output::print_line(&report::json(&outcome).to_string())?;
                }
                Ok(if good {
                    ExitCode::SUCCESS
                } else {
                    ExitCode::from(FAILED)
                })
            }
            Err(error) => {
                let failure = Failure::failed(&error);
                if self.json {
                    output::print_line(&report::error_json(failure.words()).to_string())?;
                }
                Err(failure)
            }
        }
    }
}

/// What became of the session, unless a signal ended it.
type Played = Result<Result<PhoneOutcome, PhoneError>, Signal>;

/// Everything that a session needs but the passkeys.
struct Setting {
    dialer: Dialer,
    advertiser: AnyAdvertiser,
    domain: TunnelDomain,
    person: Person,
    screen: Screen,
}

impl Setting {
    async fn play<S>(self, store: S, code: &ScannedQr) -> Played
    where
        S: CredentialStore<PasskeyItem = Passkey> + Send + Sync,
    {
        let interrupt = self.person.interrupt();
        let authenticator = Authenticator::new(store, self.person);
        let mut phone = Session::new(self.dialer, self.advertiser, authenticator, self.domain);
        let screen = self.screen;
        screen.waiting("connecting to the tunnel service");
        tokio::select! {
            // First, so that it is heard from the beginning.
            biased;
            // Dropping the session closes the tunnel, which tells the laptop at once.
            signal = interrupt.outside_of_a_question() => Err(signal),
            told = phone.accept(code, |progress| hear(&screen, &progress)) => Ok(told),
        }
    }
}

fn hear(screen: &Screen, progress: &Progress) {
    let (title, detail, next) = match progress {
        Progress::QrRead { hint } => (
            "QR code read",
            format!("the laptop will probably {}", report::intention(*hint)),
            "connecting to the tunnel service",
        ),
        Progress::TunnelOpen { domain, routing_id } => (
            "tunnel open",
            format!(
                "at {domain} (number {}), routing id {}",
                domain.id(),
                routing_id.to_hex()
            ),
            "starting the radio",
        ),
        Progress::Advertising => (
            "advertising",
            "the laptop can hear this phone now".to_owned(),
            "waiting for the laptop",
        ),
        Progress::Secured => (
            "secured",
            "the laptop has this code; encrypted from end to end".to_owned(),
            "waiting for the laptop's request",
        ),
        Progress::Answered { status } => {
            screen.waiting("waiting for the laptop to finish");
            let mark = if *status == 0 { Mark::Good } else { Mark::Bad };
            screen.tell(Actor::Phone, mark, "answered", &report::status(*status));
            return;
        }
        Progress::Done => ("done", "laptop and phone hung up".to_owned(), ""),
        // The question itself is on the screen.
        _ => return,
    };
    screen.tell(Actor::Phone, Mark::Step, title, &detail);
    screen.waiting(next);
}

/// The number in the advert where both ends were told of the service, so that nobody looks it up.
const ANY_DERIVED: u16 = 0xF980;

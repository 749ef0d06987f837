//! `hawser laptop`: a laptop in a terminal.
//!
//! | module | what it holds |
//! |---|---|
//! | [`ask`] | the code on the screen, and the phone's answer |
//! | [`qr_file`] | the code as a picture in a file |
//! | [`relying_party`] | a small relying party of its own, which verifies |
//! | [`account`] | the file in which that keeps its passkeys |

mod account;
mod ask;
mod qr_file;
mod relying_party;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};
use hawser_laptop::webauthn::{Authentication, Origin, Registration};
use serde_json::{Value, json};

use crate::argument;
use crate::ending::{Ending, Failure};
use crate::output;
use crate::paper::{Actor, Mark};
use crate::radio::Radio;
use crate::runtime;
use crate::screen::{Reader, Screen};
use crate::tunnel_service::TunnelService;
use account::Account;
use ask::{Answer, Ceremony, Desk};
use relying_party::{RelyingParty, Verifier};

/// Be the laptop: show a QR code, find the phone that scans it, ask it for a passkey.
///
/// Without --options the laptop is a small relying party as well: it makes the challenge, verifies what the phone answers, and keeps
/// the public key in the --account file. With --options it acts for a relying party elsewhere, and prints the response for that.
#[derive(Debug, Args)]
pub(crate) struct Laptop {
    #[command(subcommand)]
    ceremony: Kind,
}

#[derive(Debug, Subcommand)]
enum Kind {
    /// Ask the phone to make a passkey.
    #[command(after_help = crate::EXIT_CODES)]
    Register {
        /// Whom the passkey is for, unless the account file or the options say so.
        #[arg(long, value_name = "NAME", default_value = "alice", value_parser = NonEmptyStringValueParser::new())]
        user: String,
        #[command(flatten)]
        flags: Flags,
    },
    /// Ask the phone to sign in with a passkey.
    #[command(after_help = crate::EXIT_CODES)]
    SignIn {
        #[command(flatten)]
        flags: Flags,
    },
}

#[derive(Debug, Args)]
struct Flags {
    /// Origin of the web page that asks.
    #[arg(long, value_name = "URL", default_value = "https://example.com")]
    origin: String,
    /// Relying party id, when it is not the host of the origin.
    #[arg(long, value_name = "DOMAIN", conflicts_with = "options")]
    rp_id: Option<String>,
    /// Keep here what the relying party knows: the user, and the public keys of passkeys.
    #[arg(long, value_name = "FILE", conflicts_with = "options")]
    account: Option<PathBuf>,
    /// WebAuthn options of a relying party elsewhere, as JSON; `-` is standard input. Its response is printed on standard output.
    #[arg(long, value_name = "FILE")]
    options: Option<PathBuf>,
    /// Also write the QR code to this PNG file; it is removed when the phone has scanned it or the program ends.
    #[arg(long, value_name = "FILE")]
    qr_png: Option<PathBuf>,
    /// Also print the QR code's text. (With the simulated radio that is always done.)
    #[arg(long)]
    show_uri: bool,
    /// Tell everything on standard error, and print one JSON object on standard output at the end.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    service: TunnelService,
    #[command(flatten)]
    radio: Radio,
}

/// What the phone is asked, and who verifies its answer: nobody here when the options came from elsewhere.
struct Task {
    ceremony: Ceremony,
    verifier: Option<Verifier>,
}

impl Laptop {
    pub(crate) fn run(self) -> Ending {
        let (task, flags) = match self.ceremony {
            Kind::Register { user, flags } => (flags.registration(&user)?, flags),
            Kind::SignIn { flags } => (flags.authentication()?, flags),
        };
        flags.run(task)
    }
}

impl Flags {
    fn registration(&self, user: &str) -> Result<Task, Failure> {
        let origin = self.origin()?;
        if let Some(options) = self.options()? {
            let ceremony = Registration::from_json(&options, &origin)
                .map_err(|error| Failure::malformed(&error).about("--options"))?;
            return Ok(Task {
                ceremony: Ceremony::Register(Box::new(ceremony)),
                verifier: None,
            });
        }
        let account = Account::open_or_new(self.account.as_deref(), user)?;
        let party = RelyingParty::new(&origin, self.rp_id.as_deref())?;
        let (options, verifier) = party.begin_registration(account)?;
        let ceremony = Registration::from_json(&options, &origin)
            .map_err(|error| Failure::malformed(&error))?;
        Ok(Task {
            ceremony: Ceremony::Register(Box::new(ceremony)),
            verifier: Some(verifier),
        })
    }

    fn authentication(&self) -> Result<Task, Failure> {
        let origin = self.origin()?;
        if let Some(options) = self.options()? {
            let ceremony = Authentication::from_json(&options, &origin)
                .map_err(|error| Failure::malformed(&error).about("--options"))?;
            return Ok(Task {
                ceremony: Ceremony::SignIn(Box::new(ceremony)),
                verifier: None,
            });
        }
        let account = Account::open(self.account.as_deref())?;
        let party = RelyingParty::new(&origin, self.rp_id.as_deref())?;
        let (options, verifier) = party.begin_authentication(account)?;
        let ceremony = Authentication::from_json(&options, &origin)
            .map_err(|error| Failure::malformed(&error))?;
        Ok(Task {
            ceremony: Ceremony::SignIn(Box::new(ceremony)),
            verifier: Some(verifier),
        })
    }

    fn origin(&self) -> Result<Origin, Failure> {
        self.origin
            .parse()
            .map_err(|error| Failure::malformed(&error).about("--origin"))
    }

    fn options(&self) -> Result<Option<String>, Failure> {
        self.options
            .as_deref()
            .map(|path| argument::file_or_input("--options", path))
            .transpose()
    }

    fn run(self, task: Task) -> Ending {
        let reader = if self.json || task.verifier.is_none() {
            Reader::Program
        } else {
            Reader::Person
        };
        // What was typed wrong is told alone.
        let dialer = self.service.dialer()?;
        let screen = Screen::open(reader);
        let answer = runtime::run(async {
            let scanner = self.radio.scanner().await?;
            if let Some(notice) = self.radio.notice() {
                screen.say(&format!("{}\n", screen.paper().notice(notice)));
            }
            let desk = Desk {
                dialer,
                scanner,
                screen: screen.clone(),
                qr_png: self.qr_png.as_deref(),
                phone_command: self.phone_command(),
            };
            Box::pin(desk.ask(&task.ceremony)).await
        })?;
        screen.still();
        let outcome = answer.and_then(|answer| match answer {
            Answer::Ended(signal) => Ok(Err(signal)),
            Answer::Response(response) => task
                .verifier
                .map(|verifier| verifier.verify(&response))
                .transpose()
                .map(|words| Ok((response, words))),
        });
        match outcome {
            Ok(Err(signal)) => {
                self.report_error(&task.ceremony, signal.words())?;
                Ok(signal.code())
            }
            Ok(Ok((response, words))) => {
                self.report(&screen, &task.ceremony, &response, words.as_deref())?;
                Ok(ExitCode::SUCCESS)
            }
            Err(failure) => {
                self.report_error(&task.ceremony, failure.words())?;
                Err(failure)
            }
        }
    }

    /// For a program: a person is told on standard error.
    fn report_error(&self, ceremony: &Ceremony, error: &str) -> Result<(), Failure> {
        if !self.json {
            return Ok(());
        }
        let ceremony = ceremony.name();
        output::print_line(
            &json!({"ceremony": ceremony, "verified": false, "error": error}).to_string(),
        )
    }

    fn report(
        &self,
        screen: &Screen,
        ceremony: &Ceremony,
        response: &Value,
        verified: Option<&str>,
    ) -> Result<(), Failure> {
        let paper = screen.paper();
        if let Some(words) = verified {
            screen.tell(
                Actor::Site,
                Mark::Good,
                "verified",
                "challenge, origin and signature are right",
            );
            screen.say(&format!("\n{}", paper.verdict(Mark::Good, words)));
        } else {
            let words = "The phone has answered. The relying party has to verify the response.";
            screen.say(&format!("\n{}", paper.verdict(Mark::Good, words)));
        }
        if self.json {
            let ceremony = ceremony.name();
            // Nobody here knows the public key when the options came from elsewhere.
            let verified = verified.is_some();
            output::print_line(
                &json!({"ceremony": ceremony, "verified": verified, "response": response})
                    .to_string(),
            )?;
        } else if verified.is_none() {
            output::print_line(&response.to_string())?;
        }
        Ok(())
    }

    /// What to type elsewhere to be the phone, where a camera cannot see this code anyway or the user wishes so.
    fn phone_command(&self) -> Option<String> {
        let wanted = self.show_uri || self.radio.is_simulated();
        wanted.then(|| {
            let mut flags = [self.service.typed(), self.radio.typed()].concat();
            if !self.service.stands_for_every_domain() {
                flags.insert(0, "--domain-id N".to_owned());
            }
            flags.join(" ")
        })
    }
}

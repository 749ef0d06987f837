//! One ceremony at the laptop: password, QR code, phone, and the site's verdict.

use std::time::{Duration, SystemTime};

use hawser_laptop::webauthn::{Authentication, Origin, Registration};
use hawser_laptop::{Hint, Invite, LaptopError, Progress as LaptopProgress};
use hawser_phone::{PhoneError, Progress as PhoneProgress, ScannedQr};
use serde::Serialize;
use serde_json::Value;
use tokio::time::timeout;

use super::browser::Browser;
use super::cast::{Cast, StoryPhone};
use super::error::StoryError;
use super::stage::Stage;
use super::telling::PartTelling;
use crate::qr_picture::{self, Picture};
use crate::relying_party::Standing;

/// The laptop, in one part of the story.
pub(super) struct Desk<'a> {
    cast: &'a Cast,
    telling: PartTelling,
}

/// How a ceremony ended.
pub(super) enum Outcome {
    /// The site verified it.
    Verified,
    /// The phone declined; this is what the laptop says.
    Declined(String),
}

impl<'a> Desk<'a> {
    pub(super) fn new(cast: &'a Cast, telling: PartTelling) -> Self {
        Self { cast, telling }
    }

    /// Enrols a passkey.
    pub(super) async fn register(&self, phone: &mut StoryPhone) -> Result<Outcome, StoryError> {
        let mut browser = self.cast.site.browser_after_password(&self.telling).await?;
        let options: Value = browser.post("/register/begin", &()).await?;
        let ceremony = Registration::from_json(&options.to_string(), &self.origin()?)?;

        let invite = self
            .cast
            .laptop
            .invite(Hint::MakeCredential, SystemTime::now())?;
        // Listening before the code is shown: the phone may be quick.
        let scanner = self.cast.scanner().await?;
        let screen = self.show(&invite)?;
        let laptop = Box::pin(invite.register(scanner, &ceremony, |progress| {
            hear_laptop(&self.telling, &progress);
        }));
        let answer = self.meet(laptop, phone, &screen).await?;
        self.hand_in(&mut browser, "/register/finish", answer).await
    }

    /// Signs in.
    pub(super) async fn sign_in(&self, phone: &mut StoryPhone) -> Result<Outcome, StoryError> {
        let mut browser = self.cast.site.browser_after_password(&self.telling).await?;
        let options: Value = browser.post("/sign-in/begin", &()).await?;
        let ceremony = Authentication::from_json(&options.to_string(), &self.origin()?)?;

        let invite = self
            .cast
            .laptop
            .invite(Hint::GetAssertion, SystemTime::now())?;
        // Listening before the code is shown: the phone may be quick.
        let scanner = self.cast.scanner().await?;
        let screen = self.show(&invite)?;
        let laptop = Box::pin(invite.authenticate(scanner, &ceremony, |progress| {
            hear_laptop(&self.telling, &progress);
        }));
        let answer = self.meet(laptop, phone, &screen).await?;
        self.hand_in(&mut browser, "/sign-in/finish", answer).await
    }

    fn origin(&self) -> Result<Origin, StoryError> {
        let origin = self.cast.site.origin.origin().ascii_serialization();
        Ok(origin.parse()?)
    }

    /// Draws the code; returns what is on the screen.
    fn show(&self, invite: &Invite) -> Result<String, StoryError> {
        let screen = Picture::of(&invite.uri())?.terminal();
        self.telling
            .shown(Stage::QrShown, "scan it with the phone", screen.clone());
        Ok(screen)
    }

    /// Lets the laptop wait while the phone scans its screen, until both are done.
    async fn meet<T>(
        &self,
        mut laptop: impl Future<Output = Result<T, LaptopError>> + Unpin,
        phone: &mut StoryPhone,
        screen: &str,
    ) -> Result<Result<T, LaptopError>, StoryError> {
        // Boxed like `laptop`: both together have 20 KB, too much for every future above this one.
        let mut phone = Box::pin(self.scan_and_serve(phone, screen));
        let answer = tokio::select! {
            answer = &mut laptop => {
                // The phone hears of it from the laptop, or that the laptop has gone.
                match timeout(FAREWELL, phone).await {
                    Ok(Err(error)) if answer.is_ok() => return Err(error),
                    _ => answer,
                }
            }
            served = &mut phone => {
                served?;
                laptop.await
            }
        };
        self.telling
            .happened(Stage::Closed, "laptop and phone hung up");
        Ok(answer)
    }

    /// The phone: its camera looks at the screen, and then it serves the laptop behind the code.
    async fn scan_and_serve(&self, phone: &mut StoryPhone, screen: &str) -> Result<(), StoryError> {
        self.telling.caught_up().await;
        let text = qr_picture::read_terminal(screen)?;
        let code = ScannedQr::from_scanner(&text).map_err(PhoneError::QrRejected)?;
        let detail = format!(
            "{} digits, read from the screen",
            text.len() - "FIDO:/".len()
        );
        self.telling.happened(Stage::QrScanned, detail);
        phone
            .accept(&code, |progress| hear_phone(&self.telling, &progress))
            .await?;
        Ok(())
    }

    async fn hand_in(
        &self,
        browser: &mut Browser,
        path: &str,
        answer: Result<impl Serialize, LaptopError>,
    ) -> Result<Outcome, StoryError> {
        let answer = match answer {
            Ok(answer) => answer,
            Err(declined @ LaptopError::Declined) => {
                return Ok(Outcome::Declined(declined.to_string()));
            }
            Err(error) => return Err(error.into()),
        };
        let standing: Standing = browser.post(path, &answer).await?;
        // Asked again in a request of its own: the cookie must stand for what the answer says.
        let confirmed: Standing = browser.get("/me").await?;
        if confirmed != standing {
            return Err(StoryError::Inconsistent);
        }
        let detail = if standing.signed_in {
            format!("{} is signed in", standing.user)
        } else {
            format!("{} has a passkey now", standing.user)
        };
        self.telling.happened(Stage::Verified, detail);
        Ok(Outcome::Verified)
    }
}

fn hear_laptop(telling: &PartTelling, progress: &LaptopProgress) {
    let (stage, detail) = match progress {
        LaptopProgress::PhoneNearby { domain, .. } => (
            Stage::PhoneNearby,
            format!("the laptop heard its advert, for {domain}; the radio is simulated"),
        ),
        LaptopProgress::Connected => (Stage::Connected, "both are at the relay".to_owned()),
        LaptopProgress::Secured => (
            Stage::Secured,
            "encrypted from end to end; the relay cannot read it".to_owned(),
        ),
        LaptopProgress::WaitingForApproval => {
            (Stage::WaitingForApproval, "look at the phone".to_owned())
        }
        _ => return,
    };
    telling.happened(stage, detail);
}

fn hear_phone(telling: &PartTelling, progress: &PhoneProgress) {
    if let PhoneProgress::TunnelOpen { .. } = progress {
        telling.happened(Stage::TunnelOpen, "the phone waits at the relay");
    }
}

/// How long the phone may take to notice that the laptop is done.
const FAREWELL: Duration = Duration::from_secs(5);

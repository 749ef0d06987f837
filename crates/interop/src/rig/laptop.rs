//! The laptop of a scenario: a browser on its screen, and what its user does.

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Duration;

use hawser_phone::phone::{PhoneError, PhoneOutcome};
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout};

use super::{RelayUnderTest, RigError, RigPhone};
use crate::browser::Browser;
use crate::camera;
use crate::screen::Screen;

/// A browser, its screen and its user.
#[derive(Debug)]
pub struct Laptop {
    /// The browser.
    pub browser: Browser,
    /// The screen that it is on.
    pub screen: Screen,
    last_code: Option<String>,
    log: PathBuf,
}

/// How a ceremony ended, for both sides.
#[derive(Debug)]
pub struct Ceremony {
    /// What the page got.
    pub outcome: Value,
    /// How the phone ended.
    pub phone: Result<PhoneOutcome, PhoneError>,
}

impl Laptop {
    pub(super) fn new(browser: Browser, screen: Screen, log: PathBuf) -> Self {
        Self {
            browser,
            screen,
            last_code: None,
            log,
        }
    }

    /// What the browser printed.
    #[must_use]
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// One QR code, one phone, and what came of it, good or bad.
    ///
    /// When the page has no answer although the phone is done (the browser then shows its own error), the dialog is closed,
    /// as a user would.
    ///
    /// # Errors
    /// [`RigError`] when there was no code or no answer.
    pub async fn ceremony(
        &mut self,
        call: &str,
        options: &Value,
        phone: &mut RigPhone,
        relay: &RelayUnderTest,
    ) -> Result<Ceremony, RigError> {
        self.ask(call, options).await?;
        let code = self.code().await?;
        let answered = relay.joined() + relay.refused();
        let mut serving = pin!(phone.accept(&code));
        let mut served = None;
        // How often the page has been asked since the phone was done.
        let mut asked = None;
        let deadline = Instant::now() + CEREMONY;
        let outcome = loop {
            if let Some(outcome) = self.outcome().await? {
                break outcome;
            }
            if Instant::now() > deadline {
                let stalled = served.is_none() && relay.joined() + relay.refused() == answered;
                return Err(if stalled {
                    RigError::Stall
                } else {
                    no_outcome(served.as_ref())
                });
            }
            match &mut asked {
                None => {
                    served = timeout(POLL, &mut serving).await.ok();
                    asked = served.as_ref().map(|_| 0);
                }
                // The browser shows an error of its own, and the page waits until somebody closes it.
                Some(ANSWER_POLLS) => {
                    self.screen.press_escape()?;
                    sleep(ANSWER_POLLS * POLL).await;
                }
                Some(asked) => {
                    *asked += 1;
                    sleep(POLL).await;
                }
            }
        };
        let phone = match served {
            Some(phone) => phone,
            None => timeout(CEREMONY, serving)
                .await
                .map_err(|_| no_outcome(None))?,
        };
        Ok(Ceremony { outcome, phone })
    }

    /// Makes the page call `create` or `get`.
    ///
    /// # Errors
    /// [`RigError`].
    pub async fn ask(&mut self, call: &str, options: &Value) -> Result<(), RigError> {
        self.browser.evaluate(&format!("{call}({options})")).await?;
        Ok(())
    }

    /// Photographs the screen until a QR code is on it that was not there before.
    ///
    /// # Errors
    /// [`RigError::NoCode`] after a while, or when the page already has an answer.
    pub async fn code(&mut self) -> Result<String, RigError> {
        let deadline = Instant::now() + CODE;
        loop {
            let picture = self.screen.photograph()?;
            let seen = tokio::task::spawn_blocking(move || camera::qr_code(&picture))
                .await
                .ok()
                .flatten();
            if let Some(code) = seen
                .filter(|code| code.starts_with("FIDO:/") && Some(code) != self.last_code.as_ref())
            {
                self.last_code = Some(code.clone());
                return Ok(code);
            }
            let outcome = self.outcome().await?;
            if outcome.is_some() || Instant::now() > deadline {
                return Err(RigError::NoCode {
                    outcome: outcome.unwrap_or_default(),
                });
            }
            sleep(POLL).await;
        }
    }

    /// What the page has got: a credential or an error. Nothing while the browser still works on it.
    ///
    /// # Errors
    /// [`RigError`].
    pub async fn outcome(&mut self) -> Result<Option<Value>, RigError> {
        let outcome = self.browser.evaluate("outcome").await?;
        Ok((!outcome.is_null()).then_some(outcome))
    }

    /// Waits for the credential that the page gets.
    ///
    /// # Errors
    /// [`RigError::Refused`] when it gets an error.
    pub async fn credential(&mut self) -> Result<Value, RigError> {
        let deadline = Instant::now() + CEREMONY;
        loop {
            if let Some(mut outcome) = self.outcome().await? {
                return match outcome.get_mut("credential").map(Value::take) {
                    Some(credential) => Ok(credential),
                    None => Err(RigError::Refused {
                        outcome,
                        phone: "nothing".to_owned(),
                    }),
                };
            }
            if Instant::now() > deadline {
                return Err(no_outcome(None));
            }
            sleep(POLL).await;
        }
    }

    /// Presses Escape until the page has its answer.
    ///
    /// # Errors
    /// [`RigError`].
    pub async fn close_dialog(&mut self) -> Result<Value, RigError> {
        let deadline = Instant::now() + CEREMONY;
        loop {
            self.screen.press_escape()?;
            sleep(Duration::from_millis(500)).await;
            if let Some(outcome) = self.outcome().await? {
                return Ok(outcome);
            }
            if Instant::now() > deadline {
                return Err(no_outcome(None));
            }
        }
    }
}

impl Ceremony {
    /// The credential that the page got.
    ///
    /// # Errors
    /// [`RigError::Refused`] when it got an error.
    pub fn credential(self) -> Result<Value, RigError> {
        let Self { mut outcome, phone } = self;
        match outcome.get_mut("credential").map(Value::take) {
            Some(credential) => Ok(credential),
            None => Err(RigError::Refused {
                outcome,
                phone: format!("{phone:?}"),
            }),
        }
    }

    /// The name of the error that the page got: `NotAllowedError` and the like.
    #[must_use]
    pub fn error(&self) -> Option<&str> {
        self.outcome.get("error")?.as_str()
    }
}

fn no_outcome(phone: Option<&Result<PhoneOutcome, PhoneError>>) -> RigError {
    RigError::NoOutcome {
        phone: phone.map_or_else(|| "nothing".to_owned(), |phone| format!("{phone:?}")),
    }
}

/// A page and its QR code are there in a second; a busy machine gets more.
const CODE: Duration = Duration::from_secs(40);
/// A ceremony takes less than a second.
const CEREMONY: Duration = Duration::from_secs(40);
/// From the end of the phone's part to the page's answer. Who closes a dialog too early cancels what was about to succeed,
/// so this is not a time: a machine that stands still answers nothing meanwhile.
const ANSWER_POLLS: u32 = 40;
/// Neither a screen nor a page tells when it changes.
const POLL: Duration = Duration::from_millis(50);

//! The whole story over real sockets: a relay, a site, a laptop and a phone.
//!
//! A passkey is enrolled after a password; then the same user signs in with password and passkey.
//! Each time the laptop draws a QR code and the phone reads it from what the laptop shows. Nothing
//! is short-cut but the radio: the phone's advert goes over loopback, so nearness is simulated.
//!
//! ```no_run
//! use hawser_demo::story::{self, Event, StoryOptions};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut narrator = |event: &Event| println!("{}: {}", event.stage, event.detail);
//! let report = story::run(StoryOptions::default(), &mut narrator).await?;
//! assert!(report.registered && report.signed_in);
//! # Ok(())
//! # }
//! ```

mod browser;
mod cast;
mod ceremony;
mod error;
mod person;
mod report;
mod stage;
mod telling;

use std::time::Duration;

pub use browser::BrowserError;
pub use error::StoryError;
pub use report::{StageTime, StoryReport};
pub use stage::{Part, Stage};
pub use telling::{Event, Narrator};

use cast::Cast;
use ceremony::{Desk, Outcome};
use person::Person;
use report::Endings;
use telling::Telling;

/// The user of the story.
pub const USER: &str = "alice";

/// How the story goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StoryOptions {
    /// What the person with the phone decides when asked.
    pub approval: Approval,
    /// How fast it is told.
    pub pace: Pace,
}

/// What the person with the phone decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Approval {
    /// Approves both times.
    #[default]
    Approves,
    /// Declines the first time, and there is no second.
    Declines,
}

/// How long each stage is left on the screen before the next is told.
///
/// The story waits for its telling where a person would act: before the phone is held to the
/// code, and before the request is approved. What machines do between is not slowed down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pace(Duration);

impl Pace {
    /// No pauses.
    pub const FAST: Self = Self(Duration::ZERO);
    /// Slow enough to read along.
    pub const SLOW: Self = Self(Duration::from_millis(1200));

    /// A pause of this length after each stage.
    #[must_use]
    pub const fn every(pause: Duration) -> Self {
        Self(pause)
    }

    /// The pause after each stage.
    #[must_use]
    pub const fn pause(self) -> Duration {
        self.0
    }
}

/// Plays the story and tells it to the narrator, stage by stage.
///
/// A phone that declines ends the story in good order: see [`StoryReport::declined`].
///
/// # Errors
/// [`StoryError`] when anything else goes wrong.
///
/// # Cancel safety
/// Dropping the future ends everything that it started.
pub async fn run(
    options: StoryOptions,
    narrator: &mut impl Narrator,
) -> Result<StoryReport, StoryError> {
    let (telling, teller) = telling::begin();
    // The story owns the only sender: when it is over, the teller comes to the end.
    let story = play(options, telling);
    let (endings, stages) = tokio::join!(story, teller.tell_all(narrator, options.pace));
    endings.map(|endings| endings.into_report(stages))
}

async fn play(options: StoryOptions, telling: Telling) -> Result<Endings, StoryError> {
    let cast = Cast::assemble(&telling.part(Part::Setup)).await?;
    let mut endings = Endings::default();

    let desk = Desk::new(&cast, telling.part(Part::Register));
    let mut phone = cast.phone(Person::new(options.approval, telling.clone()))?;
    match desk.register(&mut phone).await? {
        Outcome::Verified => endings.registered = true,
        Outcome::Declined(words) => endings.declined = Some(words),
    }
    if endings.registered {
        let desk = Desk::new(&cast, telling.part(Part::SignIn));
        match desk.sign_in(&mut phone).await? {
            Outcome::Verified => endings.signed_in = true,
            Outcome::Declined(words) => endings.declined = Some(words),
        }
    }
    endings.relay_messages = cast.relay_messages();
    endings.elapsed = telling.elapsed();
    Ok(endings)
}

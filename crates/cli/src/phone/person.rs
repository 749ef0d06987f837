//! Who decides: the person at the terminal, or an option.

use std::io::IsTerminal as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::ValueEnum;
use hawser_phone::{Approver, Ask, Decision};
use tokio::sync::Notify;

use super::keyboard::Keyboard;
use super::prompt::{self, Answer};
use crate::ending::Failure;
use crate::paper::{Actor, Mark};
use crate::screen::Screen;
use crate::signal::{Signal, Signals};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Approve {
    /// The person at this terminal, who is shown who asks and for what.
    Ask,
    /// Everything is approved, unseen. For tests.
    Always,
    /// Everything is declined. For tests.
    Never,
}

impl Approve {
    /// A question that nobody can see must not be answered by whatever is in a pipe.
    pub(super) fn check(self, screen: &Screen) -> Result<(), Failure> {
        let can_ask = std::io::stdin().is_terminal() && screen.is_terminal();
        if self == Self::Ask && !can_ask {
            return Err(Failure::wrong(
                "--approve ask needs a terminal for the question and its answer: use one, or --approve always or never",
            ));
        }
        Ok(())
    }
}

/// Answers as the options say.
pub(super) struct Person {
    approve: Approve,
    screen: Screen,
    keyboard: Keyboard,
    interrupt: Arc<Interrupt>,
}

/// Ctrl-C and its like. While a question is open, Ctrl-C is an answer to that; otherwise each is the end
/// of the session.
#[derive(Default)]
pub(super) struct Interrupt {
    asking: AtomicBool,
    no: Notify,
}

impl Person {
    pub(super) fn new(approve: Approve, screen: Screen) -> Self {
        Self {
            approve,
            screen,
            keyboard: Keyboard::new(),
            interrupt: Arc::default(),
        }
    }

    pub(super) fn interrupt(&self) -> Arc<Interrupt> {
        Arc::clone(&self.interrupt)
    }

    async fn ask(&self, ask: &Ask<'_>) -> Decision {
        self.screen.still();
        let question = prompt::question(ask, self.screen.paper());
        // First: whoever sees the question may answer at once.
        self.keyboard.forget();
        let prompt = OpenPrompt::show(self, &question);
        loop {
            let line = tokio::select! {
                line = self.keyboard.line() => line,
                // To say no is the polite way to cancel: the laptop is told.
                () = self.interrupt.no.notified() => None,
            };
            // No line means that the terminal has gone, or Ctrl-C.
            let Some(line) = line else {
                prompt.answered();
                return Decision::Decline;
            };
            match prompt::answer(&line, ask) {
                Answer::Decided(decision) => {
                    prompt.answered();
                    return decision;
                }
                Answer::Unclear => self.screen.say(&prompt::again(ask)),
            }
        }
    }
}

impl Approver for Person {
    async fn approve(&self, ask: &Ask<'_>) -> Decision {
        let decision = match self.approve {
            Approve::Ask => self.ask(ask).await,
            Approve::Always => Decision::Approve,
            Approve::Never => Decision::Decline,
        };
        let (mark, title) = match decision {
            Decision::Decline => (Mark::Bad, "declined"),
            _ => (Mark::Good, "approved"),
        };
        let detail = match self.approve {
            Approve::Ask => prompt::in_short(ask),
            Approve::Always => format!("{}; by --approve always", prompt::in_short(ask)),
            Approve::Never => format!("{}; by --approve never", prompt::in_short(ask)),
        };
        self.screen.tell(Actor::Phone, mark, title, &detail);
        decision
    }
}

impl Interrupt {
    /// Resolves at a signal that is not an answer.
    pub(super) async fn outside_of_a_question(&self) -> Signal {
        let mut signals = Signals::listen();
        loop {
            let signal = signals.next().await;
            if signal != Signal::Interrupt || !self.asking.load(Ordering::Relaxed) {
                return signal;
            }
            self.no.notify_waiters();
        }
    }
}

/// A question on the screen. When it is dropped unanswered, the laptop went away or time was up.
struct OpenPrompt<'a> {
    person: &'a Person,
    answered: bool,
}

impl<'a> OpenPrompt<'a> {
    fn show(person: &'a Person, question: &str) -> Self {
        person.interrupt.asking.store(true, Ordering::Relaxed);
        person.screen.say(question);
        Self {
            person,
            answered: false,
        }
    }

    /// The question need not be taken back.
    fn answered(mut self) {
        self.answered = true;
    }
}

impl Drop for OpenPrompt<'_> {
    fn drop(&mut self) {
        self.person.interrupt.asking.store(false, Ordering::Relaxed);
        if !self.answered {
            let gone = "The question is off: the laptop went away, or time was up.";
            self.person
                .screen
                .say(&self.person.screen.paper().notice(gone));
        }
    }
}

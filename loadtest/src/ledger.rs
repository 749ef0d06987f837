//! What has arrived in one direction of one tunnel, and what that says of the service.

use crate::fault::Fault;
use crate::payload::{self, Damage, End, Label};

/// Gaps remembered for a message that may still come late; older ones count as lost.
const GAPS_MAX: usize = 256;

/// Judges the messages of one direction in the order of their arrival.
#[derive(Debug)]
pub(crate) struct Ledger {
    tunnel: u64,
    sender: End,
    next: u32,
    gaps: Vec<u32>,
    overflowed: u64,
}

/// What one arrival was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// The next message, as it should be.
    Good(Label),
    /// The next message, but messages before it are missing so far.
    AfterGap(Label),
    /// Something else.
    Bad(Fault),
}

impl Ledger {
    /// For what `sender` sends through a tunnel.
    pub(crate) fn new(tunnel: u64, sender: End) -> Self {
        Self {
            tunnel,
            sender,
            next: 0,
            gaps: Vec::new(),
            overflowed: 0,
        }
    }

    /// Judges a binary message.
    pub(crate) fn take(&mut self, message: &[u8]) -> Arrival {
        let label = match payload::read(message) {
            Ok(label) => label,
            Err(damage) => {
                // Its own place is unknown, so it is taken for the one that was due.
                self.next = self.next.wrapping_add(1);
                return Arrival::Bad(match damage {
                    Damage::Truncated => Fault::Truncated,
                    Damage::Altered => Fault::Altered,
                });
            }
        };
        if label.tunnel != self.tunnel || label.sender != self.sender {
            return Arrival::Bad(Fault::Misdelivered);
        }
        if label.sequence == self.next {
            self.next = self.next.wrapping_add(1);
            return Arrival::Good(label);
        }
        if label.sequence < self.next {
            return Arrival::Bad(
                match self.gaps.iter().position(|gap| *gap == label.sequence) {
                    Some(at) => {
                        self.gaps.swap_remove(at);
                        Fault::Reordered
                    }
                    None => Fault::Repeated,
                },
            );
        }
        for missing in self.next..label.sequence {
            if self.gaps.len() < GAPS_MAX {
                self.gaps.push(missing);
            } else {
                self.overflowed += 1;
            }
        }
        self.next = label.sequence.wrapping_add(1);
        Arrival::AfterGap(label)
    }

    /// Judges a text message: it stands in the place of the one that was due.
    pub(crate) fn take_text(&mut self) -> Arrival {
        self.next = self.next.wrapping_add(1);
        Arrival::Bad(Fault::Text)
    }

    /// How many messages have had their turn, whole or not.
    pub(crate) fn seen(&self) -> u32 {
        self.next
    }

    /// How many messages that were followed by others never came.
    pub(crate) fn lost(&self) -> u64 {
        crate::number::whole_len(self.gaps.len()) + self.overflowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::Filling;

    fn message(tunnel: u64, sender: End, sequence: u32) -> Vec<u8> {
        let label = Label {
            tunnel,
            sender,
            sequence,
            due: 5,
        };
        let mut bytes = Vec::new();
        Filling::new(64).write(label, 64, &mut bytes);
        bytes
    }

    /// The verdicts over messages 0.. of tunnel 1 from the phone, and how many are lost.
    fn judge(sequences: &[u32]) -> (Vec<Option<Fault>>, u64) {
        let mut ledger = Ledger::new(1, End::Phone);
        let verdicts = sequences
            .iter()
            .map(|n| match ledger.take(&message(1, End::Phone, *n)) {
                Arrival::Bad(fault) => Some(fault),
                _ => None,
            });
        (verdicts.collect(), ledger.lost())
    }

    #[test]
    fn order_loss_and_repeats_are_told_apart() {
        use Fault::{Reordered, Repeated};
        assert_eq!(judge(&[0, 1, 2]), (vec![None; 3], 0));
        assert_eq!(judge(&[0, 2, 3]), (vec![None; 3], 1));
        assert_eq!(judge(&[0, 2, 1]), (vec![None, None, Some(Reordered)], 0));
        assert_eq!(judge(&[0, 0, 1]), (vec![None, Some(Repeated), None], 0));
        let twice = vec![None, None, Some(Reordered), Some(Repeated)];
        assert_eq!(judge(&[0, 2, 1, 1]), (twice, 0));
    }

    #[test]
    fn a_wide_gap_is_counted_in_bounded_memory() {
        let (_, lost) = judge(&[0, 1_000_001]);
        assert_eq!(lost, 1_000_000);
    }

    #[test]
    fn strangers_and_echoes_do_not_move_the_count() {
        let mut ledger = Ledger::new(1, End::Phone);
        let stranger = ledger.take(&message(2, End::Phone, 0));
        let echo = ledger.take(&message(1, End::Laptop, 0));
        assert_eq!(stranger, Arrival::Bad(Fault::Misdelivered));
        assert_eq!(echo, Arrival::Bad(Fault::Misdelivered));
        assert_eq!(ledger.seen(), 0);
    }

    #[test]
    fn damage_stands_for_the_message_that_was_due() {
        let mut ledger = Ledger::new(1, End::Phone);
        let mut damaged = message(1, End::Phone, 0);
        damaged[40] ^= 1;
        assert_eq!(ledger.take(&damaged), Arrival::Bad(Fault::Altered));
        let cut = &message(1, End::Phone, 1)[..60];
        assert_eq!(ledger.take(cut), Arrival::Bad(Fault::Truncated));
        assert_eq!(ledger.take_text(), Arrival::Bad(Fault::Text));
        let after = ledger.take(&message(1, End::Phone, 3));
        assert!(matches!(after, Arrival::Good(_)));
        assert_eq!(ledger.lost(), 0);
    }
}

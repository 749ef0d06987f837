//! Think time: what people take, which is no work of the service's.

mod length;

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;

use self::length::{Length, PAUSE_MAX};
use super::size::Steps;
use crate::payload::End;

/// Where in a sign-in somebody is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Moment {
    /// The laptop shows its code, and the phone has not scanned it: no connection is open.
    Scan,
    /// The phone waits in its tunnel, and the laptop has not heard its advert.
    Join,
    /// The laptop has asked, and the user has not said yes: before the phone's last message.
    Approve,
}

impl Moment {
    pub(crate) const ALL: [Self; 3] = [Self::Scan, Self::Join, Self::Approve];

    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Scan => "scan",
            Self::Join => "join",
            Self::Approve => "approve",
        }
    }

    /// How many connections are open meanwhile.
    const fn connections(self) -> u32 {
        match self {
            Self::Scan => 0,
            Self::Join => 1,
            Self::Approve => 2,
        }
    }
}

/// A moment and how long it takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Pause {
    moment: Moment,
    length: Length,
}

impl FromStr for Pause {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let shape = || {
            "write where and how long, such as approve=4s, or with a 95th percentile \
             approve=4s,p95=12s"
                .to_owned()
        };
        let (name, length) = text.split_once('=').ok_or_else(shape)?;
        let moment = Moment::ALL.into_iter().find(|m| m.label() == name);
        let moment = moment.ok_or_else(|| format!("{name:?} is not one of scan, join, approve"))?;
        let (median, p95) = match length.split_once(',') {
            Some((median, p95)) => (median, Some(p95.strip_prefix("p95=").ok_or_else(shape)?)),
            None => (length, None),
        };
        let (median, p95) = (super::time(median)?, p95.map(super::time).transpose()?);
        if median.is_zero() {
            return Err("a pause of no time is none: leave it out".to_owned());
        }
        if p95.is_some_and(|p95| p95 <= median) {
            return Err("a p95 is above the median, which stands before it".to_owned());
        }
        if p95.unwrap_or(median) > PAUSE_MAX {
            return Err("a pause is 10 minutes at most".to_owned());
        }
        let length = Length { median, p95 };
        Ok(Self { moment, length })
    }
}

/// What people do meanwhile.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Think time")]
pub(crate) struct PauseArgs {
    /// Wait for a person: WHERE=TIME, or WHERE=MEDIAN,p95=TIME for a log-normal draw; repeat it for
    /// each place. `scan` is before the phone opens the tunnel, `join` before the laptop joins it,
    /// `approve` before the phone's last message. Pauses are in no latency, and --timeout comes on
    /// top of them.
    #[arg(long, value_name = "PAUSE")]
    pause: Vec<Pause>,
    /// As people do, by assumption and not by measurement: scan=5s,p95=15s join=1s,p95=3s
    /// approve=4s,p95=12s. A --pause replaces the one at its place.
    #[arg(long)]
    people: bool,
}

/// What --people stands for: median and p95, in seconds.
const PEOPLE: [(Moment, u64, u64); 3] = [
    (Moment::Scan, 5, 15),
    (Moment::Join, 1, 3),
    (Moment::Approve, 4, 12),
];

impl PauseArgs {
    /// The pauses of a sign-in with these messages.
    ///
    /// # Errors
    /// What contradicts itself, in words for the user.
    pub(crate) fn pauses(&self, messages: &Steps) -> Result<Pauses, String> {
        let mut all = BTreeMap::new();
        for Pause { moment, length } in &self.pause {
            if all.insert(*moment, *length).is_some() {
                return Err(format!("--pause {} is there twice", moment.label()));
            }
        }
        if self.people {
            for (moment, median, p95) in PEOPLE {
                let (median, p95) = (Duration::from_secs(median), Duration::from_secs(p95));
                let p95 = Some(p95);
                all.entry(moment).or_insert(Length { median, p95 });
            }
        }
        let answers = messages.0.iter().any(|step| step.sender == End::Phone);
        if all.contains_key(&Moment::Approve) && !answers {
            let text =
                "--pause approve is before the phone's last message, and --messages has none";
            return Err(text.to_owned());
        }
        Ok(Pauses(all))
    }
}

/// The pauses of a sign-in.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pauses(BTreeMap<Moment, Length>);

impl Pauses {
    pub(crate) fn at(&self, moment: Moment) -> Option<Length> {
        self.0.get(&moment).copied()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Moment, Length)> {
        self.0.iter().map(|(moment, length)| (*moment, *length))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Of all pauses, on average.
    pub(crate) fn mean(&self) -> Duration {
        self.iter().map(|(_, length)| length.mean()).sum()
    }

    /// How long connections of one sign-in are open in all pauses, on average: two at once count twice.
    pub(crate) fn mean_of_connections(&self) -> Duration {
        let open = |(moment, length): (Moment, Length)| length.mean() * moment.connections();
        self.iter().map(open).sum()
    }

    /// No sign-in waits longer for people.
    pub(crate) fn longest(&self) -> Duration {
        self.iter().map(|(_, length)| length.longest()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pause(text: &str) -> Result<Pause, String> {
        text.parse()
    }

    #[test]
    fn pauses_are_read_and_held_to_their_limits() {
        let approve = pause("approve=4s,p95=12s").unwrap();
        assert_eq!(approve.moment, Moment::Approve);
        assert_eq!(approve.length.to_string(), "4s,p95=12s");
        assert!(pause("scan=10m").is_ok(), "at the limit");
        assert!(pause("scan=1s,p95=10m").is_ok(), "at the limit");
        for (text, hint) in [
            ("scan=10m 1ms", "10 minutes at most"),
            ("scan=1s,p95=10m 1ms", "10 minutes at most"),
            ("scan=0s", "leave it out"),
            ("scan=3s,p95=3s", "above the median"),
            ("scan=3", "with its unit"),
            ("scan=3s,p90=4s", "such as"),
            ("blink=3s", "scan, join, approve"),
            ("3s", "such as"),
        ] {
            let error = pause(text).unwrap_err();
            assert!(error.contains(hint), "{text}: {error}");
        }
    }

    #[test]
    fn people_are_a_preset_that_single_pauses_replace() {
        let messages: Steps = "l81,p81".parse().unwrap();
        let mut args = PauseArgs {
            pause: vec![pause("join=2s").unwrap()],
            people: true,
        };
        let pauses = args.pauses(&messages).unwrap();
        assert_eq!(pauses.at(Moment::Join).unwrap().to_string(), "2s");
        assert_eq!(pauses.at(Moment::Scan).unwrap().to_string(), "5s,p95=15s");
        let connections = pauses.at(Moment::Join).unwrap().mean()
            + pauses.at(Moment::Approve).unwrap().mean() * 2;
        assert_eq!(pauses.mean_of_connections(), connections);
        let only_laptop: Steps = "l81".parse().unwrap();
        assert!(args.pauses(&only_laptop).unwrap_err().contains("phone's"));
        args.pause.push(pause("join=3s").unwrap());
        assert!(args.pauses(&messages).unwrap_err().contains("twice"));
    }
}

//! What a run was told, so that runs can be held beside each other.

use std::collections::BTreeMap;
use std::ffi::OsString;

use clap::CommandFactory as _;

use super::Arguments;

/// Options that say where a run comes from, how much of the load is its share, and where its report
/// goes. They may differ between runs that are added up.
const OWN: [&str; 22] = [
    "url",
    "connect",
    "ca",
    "source",
    "sources",
    "target_is_mine",
    "threads",
    "rate",
    "closed",
    "count",
    "tunnels",
    "max_in_flight",
    "fail_if",
    "server_pid",
    "server_metrics",
    "json",
    "html",
    "hdr",
    "csv",
    "interval",
    "quiet",
    "help",
];

/// The other options of a command line, with the values that they had, also by default.
pub(crate) fn settings(line: impl Iterator<Item = OsString>) -> BTreeMap<String, String> {
    let command = Arguments::command();
    // It was parsed before, or there would be no run.
    let Ok(matches) = command.clone().try_get_matches_from(line) else {
        return BTreeMap::new();
    };
    let Some((name, matches)) = matches.subcommand() else {
        return BTreeMap::new();
    };
    let options = command.find_subcommand(name).into_iter();
    let options = options.flat_map(clap::Command::get_arguments);
    options
        .map(|option| option.get_id().as_str())
        .filter(|id| !OWN.contains(id))
        .filter_map(|id| {
            let values = matches.try_get_raw(id).ok().flatten()?;
            let values: Vec<_> = values.map(|value| value.to_string_lossy()).collect();
            Some((id.replace('_', "-"), values.join(" ")))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> BTreeMap<String, String> {
        let line = format!("hawser-loadtest sign-ins --url=ws://127.0.0.1 {line}");
        settings(line.split(' ').map(OsString::from))
    }

    #[test]
    fn what_a_run_was_told_is_kept_but_not_where_it_came_from() {
        let plain = of("--quiet");
        assert_eq!(plain["duration"], "30s", "also what is so by default");
        assert_eq!(plain["reset"], "false");
        for own in OWN {
            assert!(!plain.contains_key(&own.replace('_', "-")), "{own}");
        }
        assert_eq!(plain, of("--rate=7 --json=a.json --source=127.0.0.9"));
        assert_ne!(plain, of("--duration=31s"));
        let told = of("--people --pause=join=2s --pause=scan=3s");
        assert_eq!(told["pause"], "join=2s scan=3s");
        assert_eq!(told["people"], "true");
    }

    #[test]
    fn every_name_is_that_of_an_option() {
        let command = Arguments::command();
        let scenarios = command.get_subcommands();
        let all: Vec<_> = scenarios.flat_map(clap::Command::get_arguments).collect();
        for own in OWN.iter().filter(|own| **own != "help") {
            assert!(all.iter().any(|option| option.get_id() == own), "{own}");
        }
    }
}

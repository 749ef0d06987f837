//! The command line and its manual.

use clap::builder::ValueParser;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};

use super::table::{Key, Settings};

/// What the program is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Run the relay.
    Run,
    /// Say whether the configuration is right, and end.
    Check,
    /// Write the configuration that is in force to standard output, and end.
    Print,
}

/// The command line: one flag for each key, and those that say what to do with them.
#[must_use]
pub fn command() -> Command {
    let defaults = Settings::default();
    Command::new("hawser-relay")
        .version(env!("CARGO_PKG_VERSION"))
        .about(ABOUT)
        .long_about(LONG_ABOUT)
        .after_long_help(MANUAL)
        .max_term_width(100)
        .arg(
            Arg::new(FILE)
                .long(FILE)
                .value_name("FILE")
                .env("HAWSER_RELAY_CONFIG")
                .hide_env_values(true)
                .value_parser(clap::value_parser!(std::path::PathBuf))
                .help("Read settings from a TOML file too")
                .long_help(
                    "Read settings from a TOML file too. Its keys are the names of the flags without \
                     dashes in front. A flag counts more than the environment, and the environment \
                     more than the file.",
                ),
        )
        .arg(
            switch(CHECK)
                .help("Check the configuration and the certificate, and end")
                .conflicts_with(PRINT),
        )
        .arg(
            switch(PRINT)
                .help("Print the configuration in force, as a file for --config, and end"),
        )
        .args(Key::all().map(|key| flag(key, &defaults)))
}

pub(super) const FILE: &str = "config";
const CHECK: &str = "check-config";
const PRINT: &str = "print-config";

fn switch(name: &'static str) -> Arg {
    Arg::new(name).long(name).action(ArgAction::SetTrue)
}

fn flag(key: Key, defaults: &Settings) -> Arg {
    let name = key.name();
    let (short, long) = helps(key);
    let arg = Arg::new(name.clone())
        .long(name)
        .env(key.variable())
        .hide_env_values(true)
        .help_heading(key.heading())
        .help(short)
        .long_help(long);
    let default = key.show(defaults);
    let value_name = key.value_name();
    if value_name.is_empty() {
        return arg
            .num_args(0..=1)
            .require_equals(true)
            .value_name("BOOL")
            .default_missing_value("true")
            .value_parser(ValueParser::string());
    }
    let arg = arg
        .value_name(value_name)
        .value_parser(ValueParser::string());
    if default.is_empty() {
        arg
    } else {
        arg.default_value(default)
    }
}

/// The first sentence, and all of it, in one paragraph and without the marks of Markdown.
fn helps(key: Key) -> (String, String) {
    let words: Vec<_> = key.help().split_whitespace().collect();
    let long = words.join(" ").replace('`', "");
    let short = long.split_once(". ").map_or_else(
        || long.trim_end_matches('.').to_owned(),
        |(first, _)| first.to_owned(),
    );
    (short, long)
}

pub(super) fn action(matches: &ArgMatches) -> Action {
    if matches.get_flag(CHECK) {
        Action::Check
    } else if matches.get_flag(PRINT) {
        Action::Print
    } else {
        Action::Run
    }
}

/// What the command line or the environment says about a key.
pub(super) fn given(matches: &ArgMatches, key: Key) -> Option<(String, ValueSource)> {
    let name = key.name();
    let source = matches.value_source(&name)?;
    if source == ValueSource::DefaultValue {
        return None;
    }
    let text = matches.get_one::<String>(&name)?.clone();
    Some((text, source))
}

const ABOUT: &str = "A FIDO hybrid (caBLE) tunnel service";

const LONG_ABOUT: &str = "\
A FIDO hybrid (caBLE) tunnel service: pairs a phone and a laptop that sign in with a passkey, and passes on messages \
that only those two can read.

Phones open /cable/new/<tunnel id>, laptops join /cable/connect/<routing id>/<tunnel id>, both as WebSockets. Browsers \
reach a service only over TLS, on port 443 of its tunnel domain: give --tls-cert and --tls-key, or put a proxy that \
speaks TLS in front.";

/// Wrapped by hand to the 80 columns of a terminal: what is wrapped for us loses its indentation.
const MANUAL: &str = "\
Values:
  TIME    500ms, 10s, 2m, 1h 30m; a day at most
  BYTES   8192, 64KiB, 4MiB
  N       a whole number
  BOOL    true or false; a switch alone is true
  none    no limit, or no such thing
  auto    what the machine gives

Files:
  The file of --config is TOML with a key a line, such as head-time = \"5s\".
  --print-config writes one. Certificates and the keys between instances are
  read again when their files change.

Signals:
  SIGTERM, SIGINT
      stop: phones are turned away with 503, laptops may still join, and what is
      left after --drain-time is closed. A second one ends the program at once.
  SIGHUP
      read the certificate and the keys between instances again, now

Exit status:
  0   stopped as asked, or the configuration is right
  1   could not start, or was ended by a second signal; the log says why
  2   the configuration is wrong; standard error says where

Examples:
  hawser-relay
      serves plaintext on 127.0.0.1:8080, for a proxy or a test on this machine
  hawser-relay --listen '[::]:443' --domain-id 266 \\
          --tls-cert /etc/hawser/tls.crt --tls-key /etc/hawser/tls.key
      serves cable.wufkweyy3uaxb.com
  HAWSER_RELAY_LOG_FORMAT=json hawser-relay --config /etc/hawser/relay.toml
      takes most settings from a file
  hawser-relay --config /etc/hawser/relay.toml --check-config
      says what is wrong with it
  curl http://127.0.0.1:9090/metrics
      shows what it counts; /livez and /readyz are there too";

//! The speed table of docs/performance.md: the relay beside a plain TCP forwarder, in one run.
//!
//! `cargo bench -p hawser-relay --bench compare`, with `-- --rows sign-in,delay` for some rows only, and
//! `-- --help` for the rest.
//!
//! The forwarder (`forwarder.rs`) pairs two connections and copies bytes: what it costs is what
//! the kernel and tokio cost. Servers run on core 0 and the clients, here, on core 1. What a
//! server costs is its scheduler run time, which stays meaningful on a busy machine; the runs of both
//! servers alternate, and the table shows medians with their range.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "a benchmark may panic; its figures are far below 2^52"
)]

mod forwarder;
mod handshake;
mod rows;
mod server;
mod tunnel;

use std::collections::BTreeMap;
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::{Command, arg, value_parser};

use self::rows::{ROWS, Row};
use self::server::{Kind, Server};

fn command() -> Command {
    let names = ROWS.iter().map(|row| row.name);
    Command::new("compare")
        .about("Measures the relay beside a plain TCP forwarder: the table of docs/performance.md")
        .arg(
            arg!(--rows <NAMES> "Rows of the table, separated by commas; all by default")
                .value_delimiter(',')
                .value_parser(PossibleValuesParser::new(names)),
        )
        .arg(
            arg!(--repeats <N> "Runs of each server, of which the medians are shown")
                .value_parser(value_parser!(u32).range(1..))
                .default_value("3"),
        )
        .arg(
            arg!(--seconds <N> "Length of one measurement")
                .value_parser(value_parser!(u32).range(1..))
                .default_value("2"),
        )
        // Cargo says what it runs.
        .arg(arg!(--bench).hide(true))
        .subcommand(Command::new("forwarder").about("Is that forwarder").hide(true))
}

fn main() {
    let matches = command().get_matches();
    if matches.subcommand_name() == Some("forwarder") {
        return forwarder::run();
    }
    let number = |name: &str| *matches.get_one::<u32>(name).unwrap();
    let time = Duration::from_secs(number("seconds").into());
    let wanted: Option<Vec<&String>> = matches.get_many("rows").map(Iterator::collect);
    server::pin_to(1);
    server::raise_file_limit();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    for row in ROWS {
        if wanted
            .as_ref()
            .is_none_or(|names| names.iter().any(|name| *name == row.name))
        {
            runtime.block_on(measure(row, number("repeats"), time));
        }
    }
}

/// Runs a row on every kind of server, in turn, and prints what it came to.
async fn measure(row: &Row, repeats: u32, time: Duration) {
    println!("{:<10} {}", row.name, row.what);
    let mut figures: BTreeMap<Kind, Vec<f64>> = BTreeMap::new();
    for _ in 0..repeats {
        for kind in row.kinds {
            let server = Server::start(*kind);
            let figure = row.run(&server, time).await;
            figures.entry(*kind).or_default().push(figure);
        }
    }
    let mut medians = BTreeMap::new();
    for (kind, mut all) in figures {
        all.sort_by(f64::total_cmp);
        let (least, most) = (all.first().unwrap(), all.last().unwrap());
        let median = all.get(all.len() / 2).unwrap();
        println!("  {kind:<12} {median:>10.2}   ({least:.2} to {most:.2})");
        medians.insert(kind, *median);
    }
    if let (Some(relay), Some(forwarder)) =
        (medians.get(&Kind::Relay), medians.get(&Kind::Forwarder))
    {
        println!("  ratio        {:>10.2}", relay / forwarder);
    }
}

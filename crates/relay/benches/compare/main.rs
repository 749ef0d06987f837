//! The speed table of docs/performance.md: the relay beside a plain TCP forwarder, in one run.
//!
//! `cargo bench -p hawser-relay --bench compare`, with `-- --rows sign-in,delay` for some rows only,
//! `--repeats 3`, `--seconds 2` for the length of one measurement.
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

use self::rows::{ROWS, Row};
use self::server::{Kind, Server};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args.first().is_some_and(|arg| arg == "forwarder") {
        return forwarder::run();
    }
    let value = |name: &str| {
        let at = args.iter().position(|arg| arg == name)?;
        Some(args.get(at + 1).expect("a value behind each flag").as_str())
    };
    let repeats: usize = value("--repeats").unwrap_or("3").parse().unwrap();
    let seconds: f64 = value("--seconds").unwrap_or("2").parse().unwrap();
    let wanted = value("--rows");
    server::pin_to(1);
    server::raise_file_limit();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    for row in ROWS {
        if wanted.is_none_or(|wanted| wanted.split(',').any(|name| name == row.name)) {
            let work = measure(row, repeats, Duration::from_secs_f64(seconds));
            runtime.block_on(work);
        }
    }
}

/// Runs a row on every kind of server, in turn, and prints what it came to.
async fn measure(row: &Row, repeats: usize, time: Duration) {
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

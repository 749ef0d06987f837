//! Files: JSON, CSV, `HdrHistogram` log.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};
use serde::Deserialize;

use crate::report::record::{Record, SCHEMA};
use crate::report::series::Sample;

/// Why a file cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    #[error("cannot write {0}: {1}")]
    Write(PathBuf, #[source] std::io::Error),
    #[error("cannot read {0}: {1}")]
    Read(PathBuf, #[source] std::io::Error),
    #[error("{0} has schema {1}, and this program reads {SCHEMA}: use the version that wrote it")]
    Schema(PathBuf, u32),
    #[error("{0} is not a file that --json wrote: {1}")]
    Format(PathBuf, #[source] serde_json::Error),
}

/// Whether a path means standard output.
pub(crate) fn is_stdout(path: &Path) -> bool {
    path == Path::new("-")
}

/// Whether a file can be written, as far as that shows beforehand: a run of hours must not find out
/// at its end. What is in it stays.
pub(crate) fn check_writable(path: &Path) -> Result<(), FileError> {
    if is_stdout(path) {
        return Ok(());
    }
    let is_new = !path.exists();
    let mut options = fs::OpenOptions::new();
    let opened = options.append(true).create(true).open(path);
    opened.map_err(|e| FileError::Write(path.to_owned(), e))?;
    if is_new {
        // A run that is killed leaves nothing that looks like a report.
        let _ = fs::remove_file(path);
    }
    Ok(())
}

pub(crate) fn write(path: &Path, text: impl AsRef<[u8]>) -> Result<(), FileError> {
    if is_stdout(path) {
        return print(text);
    }
    fs::write(path, text).map_err(|e| FileError::Write(path.to_owned(), e))
}

/// Writes to standard output. A reader who has seen enough and left (`| head`) is no failure.
pub(crate) fn print(text: impl AsRef<[u8]>) -> Result<(), FileError> {
    let mut out = std::io::stdout().lock();
    let written = out.write_all(text.as_ref()).and_then(|()| out.flush());
    match written {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(FileError::Write("standard output".into(), e))
        }
        _ => Ok(()),
    }
}

pub(crate) fn write_json(path: &Path, record: &Record) -> Result<(), FileError> {
    let json = serde_json::to_string_pretty(record)
        .map_err(|e| FileError::Write(path.to_owned(), e.into()))?;
    write(path, json + "\n")
}

pub(crate) fn read_json(path: &Path) -> Result<Record, FileError> {
    /// What is read before all else, so that a newer layout is not called damage.
    #[derive(Deserialize)]
    struct Layout {
        schema: u32,
    }
    let format = |e| FileError::Format(path.to_owned(), e);
    let text = fs::read(path).map_err(|e| FileError::Read(path.to_owned(), e))?;
    let Layout { schema } = serde_json::from_slice(&text).map_err(format)?;
    if schema != SCHEMA {
        return Err(FileError::Schema(path.to_owned(), schema));
    }
    serde_json::from_slice(&text).map_err(format)
}

/// The time series, a row for each interval.
pub(crate) fn write_csv(path: &Path, rows: &[Sample]) -> Result<(), FileError> {
    let mut csv = String::from(
        "seconds,measured,offered_per_s,done_per_s,failed_per_s,messages_per_s,in_flight,p50_ms,\
         p99_ms,max_ms,server_cores,server_rss_bytes,server_fds,client_busy,client_waiting\n",
    );
    let number = |value: Option<f64>| value.map_or_else(String::new, |v| format!("{v:.4}"));
    let count = |value: Option<u64>| value.map_or_else(String::new, |v| v.to_string());
    for row in rows {
        // Writing into a string does not fail.
        let _ = writeln!(
            csv,
            "{:.3},{},{:.2},{:.2},{:.2},{:.2},{},{},{},{},{},{},{},{:.4},{:.4}",
            row.at,
            row.measured,
            row.offered,
            row.done,
            row.failed,
            row.messages,
            row.in_flight,
            number(row.p50),
            number(row.p99),
            number(row.max),
            number(row.server_cores),
            count(row.server_rss),
            count(row.server_fds),
            row.client_busy,
            row.client_waiting,
        );
    }
    write(path, csv)
}

/// An `HdrHistogram` interval log: one line for each latency, tagged with its name, values in
/// nanoseconds.
pub(crate) fn write_hdr(path: &Path, record: &Record, begun: SystemTime) -> Result<(), FileError> {
    let mut log = Vec::new();
    let mut serializer = V2DeflateSerializer::new();
    let written = (|| {
        let mut writer = IntervalLogWriterBuilder::new()
            .add_comment(&record.tool)
            .with_start_time(begun)
            .with_base_time(begun)
            .with_max_value_divisor(1_000_000.0)
            .begin_log_with(&mut log, &mut serializer)
            .ok()?;
        for (name, latency) in &record.latency {
            let (Some(histogram), Some(tag)) = (latency.histogram(), Tag::new(name)) else {
                continue;
            };
            let length = Duration::from_secs_f64(record.totals.seconds.max(0.0));
            writer
                .write_histogram(&histogram, Duration::ZERO, length, Some(tag))
                .ok()?;
        }
        Some(())
    })();
    if written.is_none() {
        let error = std::io::Error::other("the histogram log could not be made");
        return Err(FileError::Write(path.to_owned(), error));
    }
    write(path, log)
}

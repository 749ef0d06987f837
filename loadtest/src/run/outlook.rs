//! What is known of a lap before it begins.

use crate::measure::latency::Phase;

/// A lap's name and expected length, for the progress line.
#[derive(Debug, Clone)]
pub(crate) struct Outlook {
    pub(crate) name: String,
    /// In seconds.
    pub(crate) length: f64,
    /// The latency that the time series shows.
    pub(crate) headline: Phase,
}

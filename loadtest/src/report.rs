//! What is shown and written.

pub(crate) mod compare;
pub(crate) mod escape;
pub(crate) mod files;
pub(crate) mod html;
pub(crate) mod merge;
pub(crate) mod plot;
pub(crate) mod progress;
pub(crate) mod record;
pub(crate) mod series;
pub(crate) mod table;
pub(crate) mod units;

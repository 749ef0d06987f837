//! What the service costs, and whether the harness keeps up.

pub(crate) mod machine;
pub(crate) mod own;
pub(crate) mod process;
pub(crate) mod scrape;
pub(crate) mod server;

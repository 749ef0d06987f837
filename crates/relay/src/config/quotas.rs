//! What one client may use.

use super::table::settings;
use super::value::{Count, OrNone};

settings! {
    /// What one client may use at once: one IPv4 address, or one /56 of IPv6. `None` is no limit.
    ///
    /// Hundreds of people may share an address behind a carrier's or a company's NAT, and a sign-in
    /// takes two connections for some seconds.
    pub struct Quotas {
        /// Connections at once. Beyond it, new ones are closed without a word. 1,000 are a
        /// company's 500 people who sign in at the same moment.
        connections: Option<u32> as OrNone<Count> = Some(1000);
        /// Phones that wait at once. Beyond it, new ones get 429. A phone waits as long as its owner
        /// needs to finish the scan, seconds: at 30 a second, 300 are ten seconds' worth.
        waiting_tunnels: Option<u32> as OrNone<Count> = Some(300);
        /// New tunnels in a second, and as many in one burst. Beyond it, new ones get 429 with
        /// Retry-After. A company's 500 people who begin work within five minutes need 2; a carrier's
        /// NAT has more behind it.
        tunnels_per_second: Option<u32> as OrNone<Count> = Some(30);
    }
}

//! What can be said of a configuration without running it.

use std::fmt::Write as _;
use std::time::SystemTime;

use hawser_relay::config::Loaded;
use hawser_relay::open_files;
use hawser_relay::peer::Slot;

use crate::Error;
use crate::parts::{certificate, domain, peers};

/// What can be said without listening: warnings, the domain, the certificate.
pub(crate) fn check(loaded: &Loaded) -> Result<String, Error> {
    let mut report = String::new();
    for warning in &loaded.warnings {
        writeln!(report, "warning: {}", warning.0)?;
    }
    open_files::make_room(loaded.settings.limits.connections)?;
    if let Some(domain) = domain(&loaded.settings) {
        writeln!(report, "tunnel domain {} is {domain}", domain.id())?;
    }
    if let Some((_, pair)) = certificate(&loaded.settings)? {
        pair.validity().check(SystemTime::now())?;
        let until = humantime::format_rfc3339_seconds(pair.validity().to);
        writeln!(
            report,
            "the certificate and its key fit, and are valid until {until}"
        )?;
    }
    if let Some((peers, routing_id)) = peers(&loaded.settings)? {
        let slot = Slot::of(routing_id).number();
        writeln!(report, "one of {} instances, in slot {slot}", peers.count)?;
    }
    Ok(report + "the configuration is right\n")
}

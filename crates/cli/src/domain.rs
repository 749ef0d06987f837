//! `hawser domain`: the number of a tunnel domain, or its host name.

use std::process::ExitCode;

use clap::Args;
use hawser_wire::{DomainError, TunnelDomain};
use serde_json::json;

use crate::ending::{Ending, Failure};
use crate::output;

/// Turn the number of a tunnel domain into its host name, and back.
///
/// Numbers below 256 are assigned (0 and 1 are). Every other number stands for a name that is made from its hash: whoever registers
/// that name can run the tunnel service.
#[derive(Debug, Args)]
pub(crate) struct Domain {
    /// A number from 0 to 65535, or a host name such as cable.wufkweyy3uaxb.com.
    #[arg(value_name = "NUMBER|HOST")]
    domain: String,
    /// Print one JSON object: `id`, `host`.
    #[arg(long)]
    json: bool,
}

impl Domain {
    pub(crate) fn run(self) -> Ending {
        let asked = self.domain.as_str();
        let is_number = !asked.is_empty() && asked.bytes().all(|byte| byte.is_ascii_digit());
        let domain = if is_number {
            by_number(asked)
        } else {
            let host = asked.strip_suffix('.').unwrap_or(asked);
            TunnelDomain::from_host(host).map_err(|error: DomainError| Failure::malformed(&error))
        }?;
        output::print_line(&if self.json {
            json!({"id": domain.id(), "host": domain.host()}).to_string()
        } else if is_number {
            domain.host()
        } else {
            domain.id().to_string()
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

fn by_number(digits: &str) -> Result<TunnelDomain, Failure> {
    let number = digits.parse().map_err(|_| {
        Failure::wrong(&format!(
            "{digits} is not the number of a tunnel domain: they go from 0 to 65535"
        ))
    })?;
    TunnelDomain::from_id(number).map_err(|error| Failure::malformed(&error))
}

//! Sets of addresses.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

use super::value::Written;

/// Some networks. Written as CIDRs (or single addresses) with commas between.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Networks(Vec<IpNet>);

impl Networks {
    /// Whether an address is in one of them.
    #[must_use]
    pub fn contain(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Networks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<_> = self.0.iter().map(IpNet::to_string).collect();
        f.write_str(&texts.join(","))
    }
}

impl FromStr for Networks {
    type Err = ipnet::AddrParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.split(',')
            .map(str::trim)
            .filter(|network| !network.is_empty())
            .map(|network| match network.parse::<IpAddr>() {
                Ok(address) => Ok(IpNet::from(address)),
                Err(_) => network.parse(),
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl Written for Networks {
    fn name() -> String {
        "CIDRS".to_owned()
    }

    fn expected() -> String {
        "a list of networks such as 10.0.0.0/8,fd00::/8".to_owned()
    }
}

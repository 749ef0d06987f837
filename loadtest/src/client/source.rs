//! Source addresses.

use std::net::{IpAddr, Ipv4Addr};

/// Whether all of 127.0.0.0/8 is this machine: elsewhere only one address of it may be, and nothing
/// could come from the others.
pub(crate) const fn has_whole_loopback() -> bool {
    cfg!(any(target_os = "linux", target_os = "android", windows))
}

/// `count` addresses of 127.1.0.0/16.
pub(crate) fn loopback(count: u16) -> Vec<IpAddr> {
    if count <= 1 {
        return Vec::new();
    }
    let host = |n: u16| {
        // Hosts 1 to 250 of each network of 256.
        let [_, network] = (n / 250).to_be_bytes();
        let [_, host] = (n % 250 + 1).to_be_bytes();
        IpAddr::V4(Ipv4Addr::new(127, 1, network, host))
    };
    (0..count).map(host).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_distinct_and_local() {
        let all = loopback(60_000);
        assert!(all.iter().all(IpAddr::is_loopback));
        let distinct: std::collections::HashSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), 60_000);
        assert!(loopback(1).is_empty(), "one is the kernel's own choice");
    }
}

//! The URLs that phones and laptops open.

use hawser_wire::{RoutingId, TunnelDomain, TunnelId, TunnelPath};

use crate::vector::{Outcome, Vector, ensure};

pub(crate) fn check(vector: &Vector) -> Outcome {
    let domain = TunnelDomain::from_id(vector.number("domain_id")?)?;
    let tunnel = TunnelId::from_bytes(vector.array("tunnel_id")?);
    let path = if vector.has_input("routing_id") {
        let routing = RoutingId::from_bytes(vector.array("routing_id")?);
        TunnelPath::Connect(routing, tunnel)
    } else {
        TunnelPath::New(tunnel)
    };
    if vector.id == "url-connect-iphone" {
        // A client that writes lower-case hex. The product writes upper case, and reads either.
        let url = vector.expected_text("/url")?;
        let origin = format!("wss://{}", domain.host());
        let read: TunnelPath = url.strip_prefix(&origin).ok_or("another host")?.parse()?;
        ensure(read == path, "another path")?;
        return vector.expect(
            "/url",
            domain.url(&path).replace(&path.to_string(), &lower(&path)),
        );
    }
    vector.expect("/url", domain.url(&path))
}

fn lower(path: &TunnelPath) -> String {
    path.to_string().to_ascii_lowercase()
}

//! Request paths that a tunnel service takes or refuses.

use data_encoding::HEXLOWER;
use hawser_wire::TunnelPath;

use crate::vector::{Outcome, Vector};

pub(crate) fn check(vector: &Vector) -> Outcome {
    let path: Result<TunnelPath, _> = vector.text("path")?.parse();
    vector.expect("/valid", path.is_ok())?;
    let Ok(path) = path else {
        return Ok(());
    };
    let (routing, tunnel) = match path {
        TunnelPath::New(tunnel) => (None, tunnel),
        TunnelPath::Connect(routing, tunnel) => (Some(routing), tunnel),
        TunnelPath::Contact(_) => return Err("not a path with a tunnel id".into()),
    };
    let verb = if routing.is_some() { "connect" } else { "new" };
    let start = format!("/cable/{verb}/");
    if !vector.text("path")?.starts_with(&start) {
        return Err("read as another kind of path".into());
    }
    vector.expect_bytes("/tunnel_id", tunnel.as_bytes())?;
    let routing = routing.map(|routing| HEXLOWER.encode(routing.as_bytes()));
    vector.expect("/routing_id", routing)
}

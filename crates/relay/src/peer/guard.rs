//! What an instance answers on the listener for the others: their requests for its tunnels, and
//! nothing else.

use std::time::SystemTime;

use hawser_wire::TunnelPath;

use super::routing::Slot;
use super::{Peers, TOKEN_FIELD, Verdict};
use crate::decide::{Conditions, Decision, decide, only};
use crate::refusal::Refusal;
use crate::request::RequestHead;

impl Peers {
    /// Decides on another instance's request. It is never passed on: one hop is all there is.
    pub(crate) fn decide(
        &self,
        head: &RequestHead<'_>,
        conditions: Conditions,
        now: SystemTime,
    ) -> Decision {
        match self.check(head, now) {
            Ok(()) => match decide(head, conditions) {
                Decision::Elsewhere(_) => Decision::Refuse(Refusal::NoTunnel),
                decision => decision,
            },
            Err(refusal) => Decision::Refuse(refusal),
        }
    }

    fn check(&self, head: &RequestHead<'_>, now: SystemTime) -> Result<(), Refusal> {
        let path = head.target.parse().map_err(|_| Refusal::PeerForged)?;
        let TunnelPath::Connect(routing, _) = path else {
            return Err(Refusal::PeerForged);
        };
        let token = only(head, TOKEN_FIELD).ok_or(Refusal::PeerForged)?;
        match self.verify(token, &path.to_string(), now) {
            Verdict::Peer => {}
            Verdict::Forged => return Err(Refusal::PeerForged),
            Verdict::Expired => return Err(Refusal::PeerExpired),
            Verdict::Replayed => return Err(Refusal::PeerReplayed),
            Verdict::NoRoom => return Err(Refusal::PeerBusy),
        }
        if Slot::of(routing) != self.own {
            return Err(Refusal::PeerLoop);
        }
        Ok(())
    }
}

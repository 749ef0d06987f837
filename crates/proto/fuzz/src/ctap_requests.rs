//! Requests of laptops to a phone whose owner approves everything: each gets a reply with a status byte, and only success has
//! anything behind it.

use hawser_phone::store::MemoryStore;
use hawser_phone::{Approver, Ask, Authenticator, Decision};
use tokio::runtime::Builder;

struct Willing;

impl Approver for Willing {
    async fn approve(&self, ask: &Ask<'_>) -> Decision {
        assert!(!ask.rp_id.is_empty() || ask.accounts.is_empty());
        Decision::Approve
    }
}

/// Makes a passkey, so that there is something to sign in with.
const REGISTER: &[u8] = include_bytes!("../seeds/ctap_requests/register");

/// One case of this target; a panic is a find.
pub fn run(request: &[u8]) {
    let runtime = Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime").block_on(async {
        let mut phone = Authenticator::new(MemoryStore::new(), Willing);
        for request in [REGISTER, request, request] {
            let reply = phone.respond(request).await;
            let (status, body) = reply.split_first().expect("a status");
            assert_eq!(*status == 0, !body.is_empty(), "{status:#04x}");
        }
        assert!(!phone.store().passkeys().is_empty());
    });
}

//! Header names, as HTTP libraries want them and as the protocol spells them.

use hawser_wire::header::{CLIENT_PAYLOAD, ROUTING_ID, SIGNAL_CONNECTION, SUBPROTOCOL};

#[test]
fn names_are_those_of_the_protocol() {
    for (name, spelled) in [
        (ROUTING_ID, "X-caBLE-Routing-ID"),
        (CLIENT_PAYLOAD, "X-caBLE-Client-Payload"),
        (SIGNAL_CONNECTION, "X-caBLE-Signal-Connection"),
    ] {
        assert_eq!(name, spelled.to_lowercase());
    }
    assert_eq!(SUBPROTOCOL, "fido.cable");
}

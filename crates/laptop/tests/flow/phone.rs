//! The phone: the phone's half of the protocol at the other end of a [`Line`].

use hawser_proto::{
    Advert, Invitation, OsRng, PhoneEvent, PhoneHello, PhoneSession, PostHandshake,
};
use hawser_wire::{RoutingId, TunnelDomain, TunnelPath};

use crate::service::{Line, Service};

/// What these phones can do: `{1: ["FIDO_2_0"], 3: AAGUID}`.
pub(crate) const INFO: &[u8] = &[
    0xa2, 0x01, 0x81, 0x68, b'F', b'I', b'D', b'O', b'_', b'2', b'_', b'0', 0x03, 0x50, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
];

/// A phone that has seen the code.
pub(crate) struct Viewer {
    pub(crate) invitation: Invitation,
    pub(crate) advert: Advert,
    pub(crate) introduction: PostHandshake,
}

/// A phone that is in the tunnel with the laptop.
pub(crate) struct Phone {
    pub(crate) session: PhoneSession,
    pub(crate) line: Line,
}

impl Viewer {
    pub(crate) fn scan(uri: &str) -> Self {
        let routing_id = RoutingId::from_bytes([0x0a, 0x0b, 0x0c]);
        let domain = TunnelDomain::from_id(0xf980).unwrap();
        Self {
            invitation: Invitation::parse(uri).unwrap(),
            advert: Advert::new(&mut OsRng, routing_id, domain).unwrap(),
            introduction: PostHandshake::ctap(INFO),
        }
    }

    /// What it sends over Bluetooth.
    pub(crate) fn service_data(&self) -> [u8; 20] {
        self.advert.seal(&self.invitation.eid_key())
    }

    pub(crate) fn session(&self) -> PhoneSession {
        let hello = PhoneHello::new(self.introduction.clone());
        PhoneSession::new(&self.invitation, &self.advert, hello, &mut OsRng).unwrap()
    }

    /// The laptop comes to where the advert says.
    pub(crate) async fn accept(&self, service: &Service) -> Line {
        let (path, line) = service.accept().await;
        let expected = TunnelPath::Connect(self.advert.routing_id(), self.invitation.tunnel_id());
        assert_eq!(path, expected);
        line
    }

    /// Everything until the session is ready.
    pub(crate) async fn meet(&self, service: &Service) -> Phone {
        let line = self.accept(service).await;
        let mut phone = Phone {
            session: self.session(),
            line,
        };
        assert!(matches!(phone.next().await, Some(PhoneEvent::Ready)));
        phone
    }
}

impl Phone {
    /// The next event of one message; `None` when the laptop has gone.
    pub(crate) async fn next(&mut self) -> Option<PhoneEvent> {
        loop {
            let message = self.line.receive().await?;
            let step = self.session.receive(&message).unwrap();
            for message in step.send {
                self.line.send(message).await;
            }
            if let Some(event) = step.event {
                return Some(event);
            }
        }
    }

    /// The laptop's request.
    pub(crate) async fn request(&mut self) -> Vec<u8> {
        match self.next().await {
            Some(PhoneEvent::Request(request)) => request,
            other => panic!("expected a request, not {other:?}"),
        }
    }

    pub(crate) async fn reply(&mut self, ctap: &[u8]) {
        let message = self.session.respond(ctap).unwrap();
        self.line.send(message).await;
    }

    /// The laptop says goodbye.
    pub(crate) async fn goodbye(&mut self) {
        match self.next().await {
            Some(PhoneEvent::Shutdown) => {}
            other => panic!("expected the goodbye, not {other:?}"),
        }
    }
}

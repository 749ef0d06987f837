//! Linked phones: a link is offered behind a code, and the next time there is no code.

use std::net::SocketAddr;
use std::time::SystemTime;

use hawser_laptop::ctap::{CtapRequest, GetAssertion, MakeCredential, RelyingParty, User};
use hawser_laptop::{Contact, Hint, Laptop, LaptopError, Link, Progress, Stage};
use hawser_phone::linked::{
    ContactId, LinkId, LinkedCall, LinkedRequest, LinkingOffer, OsRng, RootSecret,
};
use hawser_phone::phone::Ending;
use hawser_phone::store::MemoryStore;
use hawser_phone::{
    AdvertiseError, Advertiser, Approver, Ask, Authenticator, Decision, Operation, Phone,
    ScannedQr, TunnelDomain,
};
use hawser_proto::noise::Responder;
use hawser_proto::{PrivateKey, SessionError};
use hawser_relay::{Config, Relay, bind};
use hawser_wire::TunnelPath;
use tokio::sync::Notify;

use crate::air::{Air, air};
use crate::gateway::{Gateway, Push};
use crate::phone::{INFO, Viewer};
use crate::service::{Service, dialer};
use crate::story::{name, request};
use crate::time::{assert_about, pause};

/// What a phone keeps to be linked, and what its service calls it.
struct Identity {
    root: RootSecret,
    contact_id: ContactId,
}

impl Identity {
    fn new() -> Self {
        Self {
            root: RootSecret::generate(&mut OsRng).unwrap(),
            contact_id: ContactId::from_bytes(*b"the phone of Kim").unwrap(),
        }
    }

    fn offer(&self) -> LinkingOffer {
        let link_id = LinkId::from_bytes(&[7; 8]).unwrap();
        LinkingOffer {
            contact_id: self.contact_id.clone(),
            secret: self
                .root
                .contact_secret(&self.contact_id)
                .link_secret(&link_id),
            link_id,
            identity: self.root.identity_key().unwrap(),
            name: "Kim's phone".into(),
        }
    }

    /// What a push message leads to.
    fn call(&self, push: &Push) -> LinkedCall {
        let request = LinkedRequest::from_header(&push.client_payload).unwrap();
        let secret = self
            .root
            .contact_secret(&self.contact_id)
            .link_secret(request.link_id());
        let identity = self.root.identity_key().unwrap();
        LinkedCall::new(request, push.routing_id, push.tunnel_id, secret, identity)
    }

    /// The link that a laptop has kept.
    fn link(&self) -> Link {
        let offer = self.offer();
        Link {
            contact_id: offer.contact_id,
            link_id: offer.link_id,
            secret: offer.secret,
            public_key: offer.identity.public_key(),
            name: offer.name,
            domain: domain(),
        }
    }
}

fn domain() -> TunnelDomain {
    TunnelDomain::from_id(266).unwrap()
}

struct Agreeable;

impl Approver for Agreeable {
    async fn approve(&self, _: &Ask<'_>) -> Decision {
        Decision::Approve
    }
}

impl Advertiser for Air {
    type Guard = ();

    async fn advertise(&self, service_data: &[u8]) -> Result<(), AdvertiseError> {
        Air::advertise(self, service_data);
        Ok(())
    }
}

type RealPhone = Phone<Air, Authenticator<MemoryStore, Agreeable>>;

fn phone(address: SocketAddr, air: Air, store: MemoryStore) -> RealPhone {
    let authenticator = Authenticator::new(store, Agreeable);
    Phone::new(dialer(address), air, authenticator, domain())
}

fn registration() -> CtapRequest {
    CtapRequest::from(&MakeCredential {
        client_data_hash: [0xcd; 32],
        relying_party: RelyingParty {
            id: "example.com".into(),
            name: "Example".into(),
        },
        user: User {
            id: b"kim".to_vec(),
            name: "kim".into(),
            display_name: "Kim".into(),
        },
        algorithms: vec![-7],
        exclude: vec![],
        discoverable: true,
        verify_user: true,
    })
}

fn sign_in() -> CtapRequest {
    CtapRequest::from(&GetAssertion {
        relying_party_id: "example.com".into(),
        client_data_hash: [0xab; 32],
        allow: vec![],
        verify_user: true,
    })
}

/// A session behind a code. Returns the phone's passkeys and the link that the laptop was offered.
async fn with_a_code(
    laptop: &Laptop,
    address: SocketAddr,
    identity: &Identity,
) -> (MemoryStore, Option<Link>) {
    let (air, radio) = air();
    let mut phone = phone(address, air, MemoryStore::new());
    phone.offer_link(identity.offer()).unwrap();
    let invite = laptop
        .invite(Hint::MakeCredential, SystemTime::now())
        .unwrap();
    let code = ScannedQr::from_scanner(&invite.uri()).unwrap();
    let request = registration();
    let mut link = None;
    let asked = invite.run(radio, &request, |progress| {
        if let Progress::Linked(offered) = progress {
            link = Some(*offered);
        }
    });
    let (reply, outcome) = tokio::join!(Box::pin(asked), Box::pin(phone.accept(&code, |_| {})));
    assert_eq!(reply.unwrap().first(), Some(&0));
    let outcome = outcome.unwrap();
    let statuses: Vec<u8> = outcome.answers.iter().map(|told| told.status).collect();
    assert_eq!(statuses, [0]);
    (phone.authenticator().store().clone(), link)
}

/// The whole of it, with the real relay. Waking the phone is not the relay's, so a small service of the vendor's stands before it.
#[tokio::test]
async fn a_passkey_is_made_behind_a_code_and_used_behind_a_link() {
    let relay = Relay::new(Config::default()).unwrap();
    let listener = bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let relay_address = listener.local_addr().unwrap();
    let relay = tokio::spawn(relay.serve(listener, std::future::pending()));
    let mut gateway = Gateway::start(relay_address).await;
    let identity = Identity::new();
    let laptop = Laptop::new(dialer(gateway.address()));

    // The laptop did not ask for a link: it is offered none.
    let (_, link) = with_a_code(&laptop, gateway.address(), &identity).await;
    assert_eq!(link, None);

    let laptop = laptop.welcome_links();
    let (passkeys, link) = with_a_code(&laptop, gateway.address(), &identity).await;
    assert_eq!(link, Some(identity.link()));

    let (air, radio) = air();
    let mut phone = phone(gateway.address(), air, passkeys);
    let contact = laptop.contact(link.unwrap(), Hint::GetAssertion).unwrap();
    let mut told = Vec::new();
    let request = sign_in();
    let asked = contact.run(radio, &request, |progress| told.push(name(&progress)));
    let woken = async {
        let push = gateway.push().await;
        assert_eq!(push.contact_id, identity.contact_id);
        let call = identity.call(&push);
        assert_eq!(call.request().hint(), Hint::GetAssertion);
        phone.accept_linked(&call, |_| {}).await
    };
    let (reply, outcome) = tokio::join!(Box::pin(asked), Box::pin(woken));
    assert_eq!(reply.unwrap().first(), Some(&0));
    let outcome = outcome.unwrap();
    assert_eq!(outcome.ending, Ending::Shutdown);
    let asked = outcome.answers.first().and_then(|told| told.asked.clone());
    assert_eq!(asked, Some((Operation::SignIn, "example.com".to_owned())));
    let expected = [
        "WaitingForPhone",
        "PhoneNearby",
        "Secured",
        "WaitingForApproval",
        "Done",
    ];
    assert_eq!(told, expected);
    relay.abort();
}

/// A laptop that asks for a linked phone, and the service that it does so at.
async fn contact(script: impl AsyncFnOnce(Service, Air)) -> Result<Vec<u8>, LaptopError> {
    let service = Service::start().await;
    let contact: Contact = Laptop::new(service.dialer())
        .contact(Identity::new().link(), Hint::GetAssertion)
        .unwrap();
    let (air, radio) = air();
    let request = request();
    let (reply, ()) = tokio::join!(
        Box::pin(contact.run(radio, &request, |_| {})),
        Box::pin(script(service, air))
    );
    reply
}

#[tokio::test]
async fn a_link_that_its_phone_has_ended() {
    let reply = contact(async |service, _| service.refuse(410).await).await;
    let error = reply.unwrap_err();
    assert!(matches!(error, LaptopError::LinkEnded), "{error:?}");

    // Anything else may pass.
    for status in [404, 503] {
        let reply = contact(async |service, _| service.refuse(status).await).await;
        assert!(
            matches!(reply, Err(LaptopError::TunnelRefused { status: s, .. }) if s == status),
            "{reply:?}"
        );
    }
}

#[tokio::test]
async fn a_phone_that_is_not_heard() {
    let service = Service::start().await;
    let contact = Laptop::new(service.dialer())
        .contact(Identity::new().link(), Hint::GetAssertion)
        .unwrap();
    let (air, radio) = air();
    let request = request();
    let sent_for = Notify::new();
    let asked = contact.run(radio, &request, |progress| {
        assert_eq!(name(&progress), "WaitingForPhone");
        sent_for.notify_one();
    });
    let nobody = async {
        let (path, mut line) = service.accept().await;
        assert!(matches!(path, TunnelPath::Contact(_)));
        sent_for.notified().await;
        let start = pause();
        // Somebody else's.
        Air::advertise(&air, [0x5a; 20]);
        assert_eq!(line.receive().await, None);
        assert_about(start.elapsed(), 120);
    };
    let (reply, ()) = tokio::join!(Box::pin(asked), nobody);
    assert!(
        matches!(
            reply,
            Err(LaptopError::TimedOut {
                stage: Stage::Waking
            })
        ),
        "{reply:?}"
    );
}

#[tokio::test]
async fn a_service_that_gives_up_on_the_phone() {
    let reply = contact(async |service, _air| service.accept().await.1.close().await).await;
    assert!(
        matches!(
            reply,
            Err(LaptopError::PhoneLost {
                stage: Stage::Waking,
                ..
            })
        ),
        "{reply:?}"
    );
}

/// The phone speaks when it is spoken to, and the service's own signal was not asked for.
#[tokio::test]
async fn whatever_comes_before_the_phone_was_heard() {
    for message in [vec![0], vec![4; 81]] {
        let reply = contact(async |service, _air| {
            let (_, mut line) = service.accept().await;
            line.send(message).await;
            while line.receive().await.is_some() {}
        })
        .await;
        assert!(
            matches!(
                reply,
                Err(LaptopError::Handshake(SessionError::Handshake(_)))
            ),
            "{reply:?}"
        );
    }
}

/// Old phones offer their link in the introduction.
#[tokio::test]
async fn a_link_in_the_introduction() {
    let service = Service::start().await;
    let laptop = Laptop::new(service.dialer()).welcome_links();
    let invite = laptop
        .invite(Hint::GetAssertion, SystemTime::now())
        .unwrap();
    let viewer = Viewer::scan(&invite.uri());
    let (air, radio) = air();
    Air::advertise(&air, viewer.service_data());
    let identity = Identity::new();
    let connected = async {
        let session = invite.connect(radio, |_| {}).await.unwrap();
        session.close().await
    };
    let old_phone = async {
        let mut line = viewer.accept(&service).await;
        let laptop_key = *viewer.invitation.public_key();
        let psk = viewer.invitation.secret().psk(&viewer.advert);
        let responder = Responder::qr(&psk, &laptop_key, &mut OsRng).unwrap();
        let (secured, answer) = responder.finish(&line.receive().await.unwrap()).unwrap();
        let offer = identity
            .offer()
            .encode(&laptop_key, secured.handshake_hash());
        line.send(answer).await;
        let (mut sealer, _) = secured.into_records();
        // {1: what it can do, 2: the offer}
        let length = u8::try_from(INFO.len()).unwrap();
        let introduction = [&[0xa2, 0x01, 0x58, length], INFO, &[0x02], &offer].concat();
        line.send(sealer.seal(&introduction).unwrap()).await;
        line.receive().await.unwrap();
        line.close().await;
    };
    let (link, ()) = tokio::join!(Box::pin(connected), old_phone);
    let link = link.unwrap();
    assert_eq!(link.public_key, identity.link().public_key);
    assert_eq!(link.domain, viewer.advert.domain());
}

/// A phone with another key than the one in the link is not the phone.
#[tokio::test]
async fn a_phone_that_lost_its_identity() {
    let relay = Relay::new(Config::default()).unwrap();
    let listener = bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let relay_address = listener.local_addr().unwrap();
    let relay = tokio::spawn(relay.serve(listener, std::future::pending()));
    let mut gateway = Gateway::start(relay_address).await;
    let identity = Identity::new();
    let (air, radio) = air();
    let mut phone = phone(gateway.address(), air, MemoryStore::new());
    let contact = Laptop::new(dialer(gateway.address()))
        .contact(identity.link(), Hint::GetAssertion)
        .unwrap();
    let request = sign_in();
    let asked = contact.run(radio, &request, |_| {});
    let woken = async {
        let push = gateway.push().await;
        let request = LinkedRequest::from_header(&push.client_payload).unwrap();
        let other = PrivateKey::from_bytes(&[9; 32]).unwrap();
        let secret = identity.link().secret;
        let call = LinkedCall::new(request, push.routing_id, push.tunnel_id, secret, other);
        phone.accept_linked(&call, |_| {}).await
    };
    let (reply, outcome) = tokio::join!(Box::pin(asked), Box::pin(woken));
    assert!(
        matches!(
            reply,
            Err(LaptopError::PhoneLost {
                stage: Stage::Securing,
                ..
            })
        ),
        "{reply:?}"
    );
    let refused = matches!(outcome, Err(hawser_phone::PhoneError::Handshake(_)));
    assert!(refused, "{outcome:?}");
    relay.abort();
}

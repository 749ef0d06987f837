//! Peers that hold the right keys and keep to no rule: whatever they say and whatever the app does meanwhile, a reply comes to a
//! request alone, one request is open at a time, and nothing comes after an error.

use arbitrary::Arbitrary;
use hawser_proto::noise::{Initiator, Responder};
use hawser_proto::record::Sealer;
use hawser_proto::{
    Advert, Hint, LaptopEvent, LaptopInvitation, LaptopSession, OsRng, PhoneEvent, PhoneHello,
    PhoneSession, PostHandshake, PrivateKey, QrSecret, SessionError,
};
use hawser_wire::{RoutingId, TunnelDomain};

/// A session of a laptop or a phone with such a peer.
#[derive(Arbitrary, Debug)]
pub struct Case(Side);

#[derive(Arbitrary, Debug)]
enum Side {
    Laptop(Vec<AtTheLaptop>),
    Phone(Vec<AtThePhone>),
}

#[derive(Arbitrary, Debug)]
enum AtTheLaptop {
    Hears(Vec<u8>),
    Asks(Vec<u8>),
    AsksInJson(Vec<u8>),
    Ends,
}

#[derive(Arbitrary, Debug)]
enum AtThePhone {
    Hears(Vec<u8>),
    Answers(Vec<u8>),
    AnswersInJson(Vec<u8>),
}

/// One case of this target; a panic is a find.
pub fn run(case: Case) {
    match case.0 {
        Side::Laptop(steps) => laptop(steps),
        Side::Phone(steps) => phone(steps),
    }
}

fn laptop(steps: Vec<AtTheLaptop>) {
    let (shown, advert) = (shown(), advert());
    let (mut laptop, first) = LaptopSession::start(&shown, &advert, &mut OsRng).expect("keys");
    let psk = shown.invitation().secret().psk(&advert);
    let responder = Responder::qr(&psk, shown.invitation().public_key(), &mut OsRng);
    let (secured, answer) = responder.expect("keys").finish(&first).expect("message 1");
    let _ = laptop.receive(&answer).expect("message 2");
    let (mut peer, _) = secured.into_records();
    let (mut waits, mut failed) = (false, false);
    for step in steps {
        match step {
            AtTheLaptop::Hears(words) => {
                let Some(message) = sealed(&mut peer, &words) else {
                    return;
                };
                match laptop.receive(&message) {
                    Ok(step) => {
                        assert!(!failed, "a message after an error");
                        let event = step.event;
                        if let Some(LaptopEvent::Reply(_) | LaptopEvent::JsonReply(_)) = event {
                            assert!(waits, "a reply to nothing");
                            waits = false;
                        }
                    }
                    Err(error) => {
                        assert!(!failed || error == SessionError::Closed);
                        failed = true;
                    }
                }
            }
            AtTheLaptop::Asks(request) => {
                let asked = laptop.request(&request).is_ok();
                assert!(!asked || !(waits || failed), "two requests at a time");
                waits |= asked;
            }
            AtTheLaptop::AsksInJson(request) => {
                let asked = laptop.request_json(&request).is_ok();
                assert!(!asked || !(waits || failed), "two requests at a time");
                waits |= asked;
            }
            AtTheLaptop::Ends => drop(laptop.shutdown()),
        }
    }
}

fn phone(steps: Vec<AtThePhone>) {
    let (shown, advert) = (shown(), advert());
    let hello = PhoneHello::new(PostHandshake::ctap([0xA0]).and_json());
    let phone = PhoneSession::new(shown.invitation(), &advert, hello, &mut OsRng);
    let mut phone = phone.expect("keys");
    let psk = shown.invitation().secret().psk(&advert);
    let initiator = Initiator::qr(&psk, shown.private_key(), &mut OsRng);
    let (initiator, first) = initiator.expect("keys");
    let said = phone.receive(&first).expect("message 1").send;
    let secured = initiator.finish(said.first().expect("message 2"));
    let (mut peer, _) = secured.expect("message 2").into_records();
    let (mut asked, mut failed) = (false, false);
    for step in steps {
        match step {
            AtThePhone::Hears(words) => {
                let Some(message) = sealed(&mut peer, &words) else {
                    return;
                };
                match phone.receive(&message) {
                    Ok(step) => {
                        assert!(!failed, "a message after an error");
                        match step.event {
                            Some(PhoneEvent::Request(_) | PhoneEvent::JsonRequest(_)) => {
                                assert!(!asked, "two requests at a time");
                                asked = true;
                            }
                            Some(PhoneEvent::Shutdown) => asked = false,
                            _ => {}
                        }
                    }
                    Err(error) => {
                        assert!(!failed || error == SessionError::Closed);
                        failed = true;
                    }
                }
            }
            AtThePhone::Answers(reply) => {
                if phone.respond(&reply).is_ok() {
                    assert!(asked && !failed, "a reply to nothing");
                    asked = false;
                }
            }
            AtThePhone::AnswersInJson(reply) => {
                if phone.respond_json(&reply).is_ok() {
                    assert!(asked && !failed, "a reply to nothing");
                    asked = false;
                }
            }
        }
    }
}

fn shown() -> LaptopInvitation {
    let key = PrivateKey::from_bytes(&[2; 32]).expect("a key");
    let secret = QrSecret::from_bytes([1; 16]);
    LaptopInvitation::from_keys(key, secret, Hint::GetAssertion, None, true)
}

fn advert() -> Advert {
    let domain = TunnelDomain::from_id(266).expect("a domain");
    Advert::with_nonce([9; 10], RoutingId::from_bytes([0; 3]), domain)
}

/// Nothing when it is too long to be sent.
fn sealed(peer: &mut Sealer, words: &[u8]) -> Option<Vec<u8>> {
    peer.seal(words).ok()
}

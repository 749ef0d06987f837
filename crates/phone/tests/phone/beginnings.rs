//! Sessions up to the laptop's first message: codes, tunnel services and radios that are no good. What
//! comes after that is tested beside its code.

use std::future::pending;
use std::time::Duration;

use futures_util::StreamExt as _;
use hawser_phone::store::MemoryStore;
use hawser_phone::{
    AdvertiseError, Advertiser, Authenticator, Dialer, Hint, Limits, Phone, PhoneError, Progress,
    ScannedQr, Stage, TunnelDomain,
};
use hawser_proto::{LaptopInvitation, OsRng};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::{WebSocketStream, accept_hdr_async};

use crate::people::Person;

/// A radio without a radio.
#[derive(Clone, Copy)]
enum Radio {
    Works,
    IsOff,
    Hangs,
}

impl Advertiser for Radio {
    type Guard = ();

    async fn advertise(&self, service_data: &[u8]) -> Result<(), AdvertiseError> {
        assert_eq!(service_data.len(), 20);
        match self {
            Self::Works => Ok(()),
            Self::IsOff => Err(AdvertiseError::PoweredOff),
            Self::Hangs => pending().await,
        }
    }
}

struct Service(TcpListener);

impl Service {
    async fn start() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    fn dialer(&self) -> Dialer {
        let url = format!("ws://{}", self.0.local_addr().unwrap());
        Dialer::new().tunnel_service(&url).unwrap()
    }

    /// Lets the phone wait.
    async fn accept(&self) -> (String, WebSocketStream<tokio::net::TcpStream>) {
        let (socket, _) = self.0.accept().await.unwrap();
        let mut path = String::new();
        #[expect(
            clippy::result_large_err,
            reason = "tungstenite's callback has this type"
        )]
        let upgrade = |request: &Request, mut response: Response| {
            request.uri().path().clone_into(&mut path);
            let headers = response.headers_mut();
            for (name, value) in [
                ("sec-websocket-protocol", "fido.cable"),
                ("x-cable-routing-id", "0a0b0c"),
            ] {
                headers.insert(name, HeaderValue::from_static(value));
            }
            Ok(response)
        };
        let socket = accept_hdr_async(socket, upgrade).await.unwrap();
        (path, socket)
    }

    /// Turns the phone away.
    async fn refuse(&self, status: u16) {
        let (mut socket, _) = self.0.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(socket.read_u8().await.unwrap());
        }
        let answer = format!("HTTP/1.1 {status} No\r\ncontent-length: 0\r\n\r\n");
        socket.write_all(answer.as_bytes()).await.unwrap();
    }
}

fn code() -> (LaptopInvitation, ScannedQr) {
    let shown = LaptopInvitation::new(&mut OsRng, Hint::GetAssertion, None, false).unwrap();
    let scanned = ScannedQr::from_scanner(&shown.invitation().to_uri()).unwrap();
    (shown, scanned)
}

fn phone(
    dialer: Dialer,
    radio: Radio,
    domain: u16,
) -> Phone<Radio, Authenticator<MemoryStore, Person>> {
    let authenticator = Authenticator::new(MemoryStore::new(), Person::who_approves());
    let domain = TunnelDomain::from_id(domain).unwrap();
    Phone::new(dialer, radio, authenticator, domain)
}

/// The error, and the names of what was told before it.
async fn fails(
    phone: &mut Phone<Radio, Authenticator<MemoryStore, Person>>,
    code: &ScannedQr,
) -> (PhoneError, Vec<String>) {
    let mut told = Vec::new();
    let result = phone.accept(code, |progress| {
        let name = format!("{progress:?}");
        let end = name.find([' ', '{']).unwrap_or(name.len());
        told.push(name[..end].to_owned());
    });
    (result.await.unwrap_err(), told)
}

/// Nothing is dialled: the laptop could not follow.
#[tokio::test]
async fn a_service_that_the_laptop_does_not_know() {
    let (_, code) = code();
    let service = Service::start().await;
    // Laptops know two assigned domains, and 256 is not an assigned one; so only a code that knows
    // fewer can meet a phone with one.
    let fewer = hawser_proto::Invitation::decode(&fewer_domains(code.invitation())).unwrap();
    let scanned = ScannedQr::from_scanner(&fewer.to_uri()).unwrap();
    let mut phone = phone(service.dialer(), Radio::Works, 1);
    let (error, told) = fails(&mut phone, &scanned).await;
    assert!(matches!(error, PhoneError::DomainUnknown { known: 1, .. }));
    assert!(told.is_empty(), "{told:?}");
}

/// The same code from a laptop that knows one assigned domain: key 2, behind the 19 bytes of key 1.
fn fewer_domains(invitation: &hawser_proto::Invitation) -> Vec<u8> {
    let mut cbor = invitation.encode().to_vec();
    let at = 1 + (1 + 2 + 33) + (1 + 1 + 16);
    assert_eq!(cbor[at..at + 2], [0x02, 0x02]);
    cbor[at + 1] = 1;
    cbor
}

/// CTAP 2.3 lets a laptop ask for Bluetooth alone, which this phone does not have.
#[tokio::test]
async fn a_laptop_that_offers_no_tunnel() {
    let (_, code) = code();
    let service = Service::start().await;
    let mut phone = phone(service.dialer(), Radio::Works, 266);
    for channels in [&[1][..], &[1, 2], &[]] {
        let scanned = with_channels(code.invitation(), channels);
        let (error, told) = fails(&mut phone, &scanned).await;
        assert!(
            matches!(error, PhoneError::NoTunnel),
            "{channels:?}: {error:?}"
        );
        assert!(told.is_empty(), "{told:?}");
    }
    let both = with_channels(code.invitation(), &[1, 0]);
    let ((error, _), ()) = tokio::join!(fails(&mut phone, &both), service.refuse(503));
    assert!(matches!(error, PhoneError::TunnelRefused { .. }));
}

/// The same code from a laptop that names its channels: key 6, an array of small numbers.
fn with_channels(invitation: &hawser_proto::Invitation, channels: &[u8]) -> ScannedQr {
    let mut cbor = invitation.encode().to_vec();
    // One more entry in the map, and the last: its key is the highest.
    assert_eq!(cbor[0] & 0xE0, 0xA0);
    cbor[0] += 1;
    cbor.extend([0x06, 0x80 + u8::try_from(channels.len()).unwrap()]);
    cbor.extend(channels);
    let invitation = hawser_proto::Invitation::decode(&cbor).unwrap();
    ScannedQr::from_scanner(&invitation.to_uri()).unwrap()
}

#[tokio::test]
async fn a_service_that_refuses() {
    for refused_with in [409, 503] {
        let (_, code) = code();
        let service = Service::start().await;
        let mut phone = phone(service.dialer(), Radio::Works, 266);
        let ((error, told), ()) =
            tokio::join!(fails(&mut phone, &code), service.refuse(refused_with));
        assert!(
            matches!(error, PhoneError::TunnelRefused { status, .. } if status == refused_with)
        );
        assert_eq!(told, ["QrRead"]);
    }
}

#[tokio::test]
async fn a_service_that_is_down() {
    let (_, code) = code();
    let dialer = Service::start().await.dialer();
    let mut phone = phone(dialer, Radio::Works, 266);
    let (error, told) = fails(&mut phone, &code).await;
    assert!(matches!(error, PhoneError::TunnelUnreachable(_)));
    assert_eq!(told, ["QrRead"]);
}

#[tokio::test]
async fn a_radio_that_is_off() {
    let (shown, code) = code();
    let service = Service::start().await;
    let mut phone = phone(service.dialer(), Radio::IsOff, 266);
    let ((error, told), path) = tokio::join!(fails(&mut phone, &code), async {
        let (path, mut socket) = service.accept().await;
        // In good order, so that the service does not keep a tunnel that nobody can find.
        assert!(socket.next().await.unwrap().unwrap().is_close());
        path
    });
    let off = PhoneError::Advertise(AdvertiseError::PoweredOff);
    assert_eq!(error.to_string(), off.to_string());
    assert_eq!(told, ["QrRead", "TunnelOpen"]);
    let id = shown.invitation().tunnel_id().to_hex();
    assert_eq!(path, format!("/cable/new/{id}"));
}

/// Tunnel services and radios that say nothing at all.
#[tokio::test]
async fn nothing_happens() {
    let mut limits = Limits::default();
    limits.radio = Duration::from_millis(20);
    limits.laptop = Duration::from_millis(20);
    for radio in [Radio::Hangs, Radio::Works] {
        let (_, code) = code();
        let service = Service::start().await;
        let mut phone = phone(service.dialer(), radio, 266).with_limits(limits.clone());
        let ((error, _), ()) = tokio::join!(fails(&mut phone, &code), async {
            let (_, mut socket) = service.accept().await;
            while let Some(Ok(_)) = socket.next().await {}
        });
        match radio {
            Radio::Works => assert!(matches!(error, PhoneError::LaptopNeverCame)),
            _ => assert!(matches!(
                error,
                PhoneError::TimedOut {
                    stage: Stage::StartingAdvert
                }
            )),
        }
    }

    let (_, code) = code();
    let service = Service::start().await;
    limits.session = Duration::from_millis(20);
    let mut phone = phone(service.dialer(), Radio::Works, 266).with_limits(limits);
    let (error, _) = fails(&mut phone, &code).await;
    let stage = Stage::Opening;
    assert!(matches!(error, PhoneError::TimedOut { stage: s } if s == stage));
}

#[tokio::test]
async fn progress_is_told_in_order() {
    let (_, code) = code();
    let service = Service::start().await;
    let mut phone = phone(service.dialer(), Radio::Works, 266);
    let mut told = Vec::new();
    let (result, ()) = tokio::join!(phone.accept(&code, |progress| told.push(progress)), async {
        let (_, mut socket) = service.accept().await;
        socket.close(None).await.unwrap();
    });
    assert!(matches!(result, Err(PhoneError::LaptopNeverCame)));
    assert!(matches!(
        told[..],
        [
            Progress::QrRead { .. },
            Progress::TunnelOpen { .. },
            Progress::Advertising
        ]
    ));
}

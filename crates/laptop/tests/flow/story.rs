//! One transaction: the laptop on one side, the test's script on the other.

use std::time::SystemTime;

use hawser_laptop::ctap::{CtapRequest, GetAssertion};
use hawser_laptop::{Canceller, Hint, Laptop, LaptopError, Limits, Progress};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::air::{Air, air};
use crate::phone::{Phone, Viewer};
use crate::service::Service;

/// Everything around the laptop.
pub(crate) struct World {
    pub(crate) air: Air,
    pub(crate) service: Service,
    pub(crate) uri: String,
    pub(crate) canceller: Canceller,
    progress: UnboundedReceiver<&'static str>,
}

/// What became of the transaction.
pub(crate) struct Outcome {
    pub(crate) result: Result<Vec<u8>, LaptopError>,
    pub(crate) progress: Vec<&'static str>,
}

/// What the laptop asks in these tests.
pub(crate) fn request() -> CtapRequest {
    CtapRequest::from(&GetAssertion {
        relying_party_id: "example.com".into(),
        client_data_hash: [0xab; 32],
        allow: vec![],
        verify_user: true,
    })
}

/// A successful reply; what it says does not matter here.
pub(crate) const REPLY: &[u8] = &[0x00, 0xa0];

/// Runs a transaction against `script`.
pub(crate) async fn play(script: impl AsyncFnOnce(World)) -> Outcome {
    play_within(Limits::default(), script).await
}

/// [`play`] with other limits.
pub(crate) async fn play_within(limits: Limits, script: impl AsyncFnOnce(World)) -> Outcome {
    let service = Service::start().await;
    let laptop = Laptop::with_limits(service.dialer(), limits);
    let invite = laptop
        .invite(Hint::GetAssertion, SystemTime::UNIX_EPOCH)
        .unwrap();
    let (air, radio) = air();
    let (events, progress) = unbounded_channel();
    let world = World {
        air,
        service,
        uri: invite.uri(),
        canceller: invite.canceller(),
        progress,
    };
    let mut names = Vec::new();
    let request = request();
    let run = invite.run(radio, &request, |event| {
        let name = name(&event);
        names.push(name);
        let _ = events.send(name);
    });
    // Boxed: both together would make every test's future 20 KB.
    let (result, ()) = tokio::join!(Box::pin(run), Box::pin(script(world)));
    Outcome {
        result,
        progress: names,
    }
}

impl World {
    /// Pends until the laptop reports `event`.
    pub(crate) async fn reaches(&mut self, event: &str) {
        loop {
            let next = self.progress.recv().await;
            if next.unwrap_or_else(|| panic!("ended before {event}")) == event {
                return;
            }
        }
    }

    /// Somebody holds a phone up to the screen as soon as the code is on it.
    pub(crate) async fn scan(&mut self) -> Viewer {
        self.reaches("WaitingForScan").await;
        Viewer::scan(&self.uri)
    }

    /// A phone, as far as the laptop's request.
    pub(crate) async fn meet(&mut self) -> Phone {
        let viewer = self.scan().await;
        self.air.advertise(viewer.service_data());
        viewer.meet(&self.service).await
    }

    /// A phone that has been asked.
    pub(crate) async fn be_asked(&mut self) -> Phone {
        let mut phone = self.meet().await;
        assert_eq!(phone.request().await, request().as_bytes());
        phone
    }
}

pub(crate) fn name(event: &Progress) -> &'static str {
    match event {
        Progress::WaitingForScan => "WaitingForScan",
        Progress::WaitingForPhone => "WaitingForPhone",
        Progress::PhoneNearby { .. } => "PhoneNearby",
        Progress::Connected => "Connected",
        Progress::Secured => "Secured",
        Progress::WaitingForApproval => "WaitingForApproval",
        Progress::Linked(_) => "Linked",
        Progress::Done => "Done",
        other => panic!("unknown event {other:?}"),
    }
}

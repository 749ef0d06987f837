//! Our laptop against a phone made of webauthn-authenticator-rs (kanidm).

use std::path::PathBuf;
use std::time::SystemTime;

use hawser_interop::bluez::{BluezStandIn, Settings};
use hawser_interop::process::Process;
use hawser_interop::rig::RelayUnderTest;
use hawser_interop::site::{Registration, Site, UserVerificationPolicy};
use hawser_laptop::webauthn::{self, Authentication, Origin};
use hawser_laptop::{Hint, Invite, Laptop, LaptopError};
use hawser_radio::bluez::Scanner;
use hawser_tunnel::Dialer;
use hawser_wire::CloseReason;
use serde_json::Value;
use tempfile::TempDir;

use crate::{build, ended, nothing_stays, said};

/// A laptop, a site that it signs in to, and the other people's phone.
pub(crate) struct World {
    program: PathBuf,
    pub(crate) folder: TempDir,
    pub(crate) bluez: BluezStandIn,
    pub(crate) relay: RelayUnderTest,
    laptop: Laptop,
    pub(crate) site: Site,
    origin: Origin,
}

impl World {
    pub(crate) async fn start() -> Self {
        let program = tokio::task::spawn_blocking(|| build("kanidm-phone"))
            .await
            .expect("the phone");
        let relay = RelayUnderTest::plain(hawser_relay::Config::default()).expect("a relay");
        let dialer = Dialer::new()
            .tunnel_service(&format!("ws://{}", relay.address()))
            .expect("an address");
        let site = Site::start().await.expect("a site");
        let origin = site.url().trim_end_matches('/').parse();
        Self {
            program,
            folder: TempDir::with_prefix("hawser-peer-").expect("a folder"),
            bluez: BluezStandIn::start(Settings::default())
                .await
                .expect("a radio"),
            relay,
            laptop: Laptop::new(dialer),
            site,
            origin: origin.expect("an origin"),
        }
    }

    /// The phone scans a code.
    pub(crate) fn phone(&self, code: &str, domain: &str) -> Process {
        let log = self.folder.path().join("phone.log");
        Process::start(&self.program.display().to_string(), &log, |command| {
            command
                .args([code, self.relay.address()])
                .arg(self.folder.path().join("token"))
                .arg(domain)
                .env("DBUS_SYSTEM_BUS_ADDRESS", self.bluez.address());
        })
        .expect("the phone")
    }

    fn scanner(&self) -> Scanner {
        Scanner::on_bus(self.bluez.address())
    }

    fn invite(&self, hint: Hint) -> Invite {
        self.laptop.invite(hint, SystemTime::now()).expect("a code")
    }

    /// `navigator.credentials.create()`, by our laptop.
    async fn create(&self, options: &Value, domain: &str) -> Result<Value, LaptopError> {
        let ceremony = webauthn::Registration::from_json(&options.to_string(), &self.origin)
            .expect("usable options");
        let invite = self.invite(Hint::MakeCredential);
        let mut phone = self.phone(&invite.uri(), domain);
        let response = invite.register(self.scanner(), &ceremony, |_| {}).await;
        let status = ended(&mut phone).await;
        assert_eq!(response.is_ok(), status.success(), "{}", said(&phone));
        Ok(serde_json::to_value(response?).expect("JSON"))
    }

    /// `navigator.credentials.get()`, by our laptop.
    async fn get(&self, options: &Value, domain: &str) -> Result<Value, LaptopError> {
        let ceremony =
            Authentication::from_json(&options.to_string(), &self.origin).expect("usable options");
        let invite = self.invite(Hint::GetAssertion);
        let mut phone = self.phone(&invite.uri(), domain);
        let response = invite.authenticate(self.scanner(), &ceremony, |_| {}).await;
        let status = ended(&mut phone).await;
        assert_eq!(response.is_ok(), status.success(), "{}", said(&phone));
        Ok(serde_json::to_value(response?).expect("JSON"))
    }
}

async fn makes_and_uses_a_passkey(domain: &str) {
    let mut world = World::start().await;
    let wanted = Registration {
        account: "alice".to_owned(),
        user_verification: UserVerificationPolicy::Preferred,
        exclude: Vec::new(),
    };
    let pending = world.site.register(&wanted).expect("options");
    let made = Box::pin(world.create(&pending.options, domain))
        .await
        .expect("a passkey");
    let alice = world
        .site
        .registered(pending, made)
        .expect("the site takes it");

    let pending = world
        .site
        .sign_in(&[&alice], UserVerificationPolicy::Preferred)
        .expect("options");
    let signed = Box::pin(world.get(&pending.options, domain))
        .await
        .expect("a signature");
    let signed_in = world
        .site
        .signed_in(&pending, signed)
        .expect("the site takes it");
    assert_eq!(signed_in.account, "alice");

    nothing_stays(&world.relay).await;
    assert_eq!((world.relay.opened(), world.relay.joined()), (2, 2));
    // This phone sometimes ends without a word once it has answered.
    let ended = [CloseReason::PeerClosed, CloseReason::PeerLost]
        .map(|reason| world.relay.closed("paired", reason));
    assert_eq!(ended.iter().sum::<u64>(), 2);
    let adverts = world.bluez.radio().registered;
    assert_eq!(adverts.len(), 2);
}

#[tokio::test]
async fn our_laptop_makes_and_uses_a_passkey_on_their_phone() {
    Box::pin(makes_and_uses_a_passkey("266")).await;
}

#[tokio::test]
async fn our_laptop_finds_their_phone_at_the_assigned_domain() {
    Box::pin(makes_and_uses_a_passkey("0")).await;
}

//! Our phone against a laptop made of libwebauthn.
//!
//! It cannot be told where a tunnel service is, and takes port 443 of the host that the advert names. So it runs in a network
//! of its own, in which that name is the loopback address and port 443 leads out through a Unix socket.

use std::fs;
use std::path::PathBuf;

use hawser_interop::authority::Authority;
use hawser_interop::bluez::{BluezStandIn, Settings};
use hawser_interop::process::Process;
use hawser_interop::rig::{Asked, Radio, RelayUnderTest, RigPhone};
use hawser_interop::site::{Registration, Site, UserVerificationPolicy};
use hawser_phone::{Decision, Operation, PhoneOutcome};
use hawser_radio::bluez::Advertiser;
use hawser_tunnel::Dialer;
use hawser_wire::{CloseReason, TunnelDomain};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpStream, UnixListener};
use tokio::time::{Instant, sleep};
use tokio_util::task::AbortOnDropHandle;

use crate::{PATIENCE, build, ended, last_json, nothing_stays, said};

pub(crate) const DOMAIN: u16 = 266;

/// Our phone, a site, and the other people's laptop.
pub(crate) struct World {
    program: PathBuf,
    pub(crate) folder: TempDir,
    pub(crate) authority: Authority,
    pub(crate) bluez: BluezStandIn,
    pub(crate) relay: RelayUnderTest,
    phone: RigPhone,
    pub(crate) site: Site,
    _door: AbortOnDropHandle<()>,
}

impl World {
    pub(crate) async fn start() -> Self {
        let program = tokio::task::spawn_blocking(|| build("libwebauthn-laptop"))
            .await
            .expect("the laptop");
        let folder = TempDir::with_prefix("hawser-peer-").expect("a folder");
        let host = TunnelDomain::from_id(DOMAIN).expect("a domain").host();
        let hosts = format!("127.0.0.1 localhost {host}\n");
        fs::write(folder.path().join("hosts"), hosts).expect("a file");
        let authority = Authority::create(folder.path(), &[host]).expect("an authority");
        let relay = RelayUnderTest::start(&authority, hawser_relay::Config::default(), None)
            .expect("a relay");
        let bluez = BluezStandIn::start(Settings::default())
            .await
            .expect("a radio");
        let dialer = Dialer::new()
            .trust_pem(&fs::read(&authority.ca).expect("a certificate"))
            .and_then(|dialer| dialer.connect_to(relay.address()))
            .expect("a dialer");
        let radio = Radio::Bluez(Advertiser::on_bus(bluez.address()));
        let listener = UnixListener::bind(folder.path().join("relay.sock")).expect("a socket");
        let door = door(listener, relay.address().to_owned());
        Self {
            program,
            authority,
            phone: RigPhone::new(dialer, radio, DOMAIN).expect("a phone"),
            site: Site::start().await.expect("a site"),
            bluez,
            relay,
            folder,
            _door: AbortOnDropHandle::new(tokio::spawn(door)),
        }
    }

    /// Starts the laptop with what a page would call.
    pub(crate) fn laptop(&self, call: &str, options: &Value) -> Process {
        let file = |name: &str| self.folder.path().join(name).display().to_string();
        let mut namespaces = vec!["--mount", "--net"];
        if !rustix::process::geteuid().is_root() {
            namespaces.extend(["--map-current-user", "--keep-caps"]);
        }
        let inside = r#"mount --bind "$0" /etc/hosts && ip link set lo up && exec "$@""#;
        Process::start(
            "unshare",
            &self.folder.path().join("laptop.log"),
            |command| {
                command
                    .args(namespaces)
                    .args(["--", "sh", "-c", inside])
                    .arg(file("hosts"))
                    .arg(&self.program)
                    .args([call, self.site.url().trim_end_matches('/')])
                    .arg(options.to_string())
                    .arg(file("relay.sock"))
                    .env("DBUS_SYSTEM_BUS_ADDRESS", self.bluez.address())
                    .env("SSL_CERT_FILE", &self.authority.ca);
            },
        )
        .expect("the laptop")
    }

    /// One session: what the laptop printed last, and how the phone ended.
    async fn session(&mut self, call: &str, options: &Value) -> (Option<Value>, PhoneOutcome) {
        let mut laptop = self.laptop(call, options);
        let code = code(&mut laptop).await;
        let outcome = self.phone.accept(&code).await;
        let outcome = outcome.unwrap_or_else(|error| panic!("{error:?}\n{}", said(&laptop)));
        let status = ended(&mut laptop).await;
        let answer = last_json(&laptop);
        assert_eq!(status.success(), answer.is_some(), "{}", said(&laptop));
        (answer, outcome)
    }
}

/// Lets the laptop out of its network, to the relay and nowhere else.
async fn door(listener: UnixListener, relay: String) {
    while let Ok((mut inside, _)) = listener.accept().await {
        let relay = relay.clone();
        tokio::spawn(async move {
            if let Ok(mut outside) = TcpStream::connect(&relay).await {
                // Whoever ends first ends both.
                let _ = copy_bidirectional(&mut inside, &mut outside).await;
            }
        });
    }
}

/// The QR code that the laptop shows.
pub(crate) async fn code(laptop: &mut Process) -> String {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let output = said(laptop);
        // A line that is complete.
        let mut lines = output.split_inclusive('\n');
        if let Some(line) = lines.find(|line| line.starts_with("FIDO:/") && line.ends_with('\n')) {
            return line.trim_end().to_owned();
        }
        let over = laptop.ended().expect("the laptop's state").is_some();
        assert!(!over && Instant::now() < deadline, "no code:\n{output}");
        sleep(std::time::Duration::from_millis(20)).await;
    }
}

fn statuses(outcome: &PhoneOutcome) -> Vec<u8> {
    outcome.answers.iter().map(|answer| answer.status).collect()
}

#[tokio::test]
async fn their_laptop_makes_and_uses_a_passkey_on_our_phone() {
    let mut world = World::start().await;
    let wanted = Registration {
        account: "alice".to_owned(),
        user_verification: UserVerificationPolicy::Required,
        exclude: Vec::new(),
    };
    let pending = world.site.register(&wanted).expect("options");
    let (made, outcome) = Box::pin(world.session("create", &pending.options)).await;
    assert_eq!(statuses(&outcome), [0]);
    let alice = world
        .site
        .registered(pending, made.expect("a passkey"))
        .expect("the site takes it");

    let pending = world
        .site
        .sign_in(&[&alice], UserVerificationPolicy::Required)
        .expect("options");
    let (signed, outcome) = Box::pin(world.session("get", &pending.options)).await;
    assert_eq!(statuses(&outcome), [0]);
    let signed_in = world
        .site
        .signed_in(&pending, signed.expect("a signature"))
        .expect("the site takes it");
    assert_eq!(signed_in.account, "alice");
    assert!(signed_in.user_verified);

    let asked = [Operation::Register, Operation::SignIn].map(|operation| Asked {
        operation,
        rp_id: "localhost".to_owned(),
        accounts: vec!["alice".to_owned()],
        user_verification: true,
    });
    assert_eq!(world.phone.person.asked(), asked);
    nothing_stays(&world.relay).await;
    assert_eq!((world.relay.opened(), world.relay.joined()), (2, 2));
    assert_eq!(world.relay.closed("paired", CloseReason::PeerClosed), 2);
    assert!(world.bluez.radio().on_air.is_empty());
}

#[tokio::test]
async fn their_laptop_is_told_that_our_phone_declines() {
    let mut world = World::start().await;
    world.phone.person.will(Some(Decision::Decline));
    let wanted = Registration {
        account: "alice".to_owned(),
        user_verification: UserVerificationPolicy::Preferred,
        exclude: Vec::new(),
    };
    let pending = world.site.register(&wanted).expect("options");
    let (made, outcome) = Box::pin(world.session("create", &pending.options)).await;
    assert_eq!(made, None);
    assert_eq!(statuses(&outcome), [OPERATION_DENIED]);
    nothing_stays(&world.relay).await;
}

/// `CTAP2_ERR_OPERATION_DENIED` (CTAP 2.2 §8.2).
const OPERATION_DENIED: u8 = 0x27;

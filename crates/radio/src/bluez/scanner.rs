//! Hearing phones: an unfiltered scan.

use std::collections::HashMap;
use std::convert::Infallible;
use std::pin::pin;

use futures_util::StreamExt;
use hawser_laptop::ScanError;
use zbus::message::Type;
use zbus::{MatchRule, Message, MessageStream, ObjectPath, Variant};

use super::BluezError;
use super::daemon::{Bus, Daemon, Objects};
use crate::scan::{Laptop, Radio, Scanning};

/// Hears the adverts of phones through BlueZ.
///
/// The scan starts with the first call of [`start`](hawser_laptop::Scanner::start) or [`next`](hawser_laptop::Scanner::next) and ends when
/// this is dropped. After an error the next call starts a new one. Adverts that nobody collects are dropped: a phone repeats its own several times a second.
#[derive(Debug)]
pub struct Scanner(Scanning<Bus>);

impl Scanner {
    /// Scans through the machine's own BlueZ.
    #[must_use]
    pub const fn new() -> Self {
        Self(Scanning::with(Bus::System))
    }

    /// Scans through the BlueZ on the bus at this D-Bus address.
    #[must_use]
    pub fn on_bus(address: impl Into<String>) -> Self {
        Self(Scanning::with(Bus::At(address.into())))
    }
}

impl Default for Scanner {
    fn default() -> Self {
        Self::new()
    }
}

impl hawser_laptop::Scanner for Scanner {
    async fn start(&mut self) -> Result<(), ScanError> {
        self.0.start().await
    }

    async fn next(&mut self) -> Result<Vec<u8>, ScanError> {
        self.0.next().await
    }
}

impl Radio for Bus {
    type Error = BluezError;

    const NO_ANSWER: BluezError = BluezError::NoAnswer(None);

    async fn scan(self, laptop: Laptop<BluezError>) -> Result<Infallible, BluezError> {
        run(&self, &laptop).await
    }
}

async fn run(bus: &Bus, laptop: &Laptop<BluezError>) -> Result<Infallible, BluezError> {
    let daemon = Daemon::open(bus).await?;
    let adapter = daemon.adapter().await?.path;
    // Listen first, so that nothing falls between the start of the scan and the first report.
    let mut owners = signals(&daemon, "org.freedesktop.DBus", Some("org.bluez"))
        .await
        .map_err(BluezError::Refused)?;
    let mut reports = signals(&daemon, "org.bluez", None)
        .await
        .map_err(BluezError::Refused)?;
    // Reports are read from now on, whatever else is going on: zbus delivers nothing more, and so no answer to a call
    // either, once a few dozen of them have piled up. In a crowd that takes no time.
    let mut start = pin!(start(&daemon, &adapter));
    let mut started = false;
    loop {
        tokio::select! {
            known = &mut start, if !started => {
                started = true;
                // A phone that another program's scan has already reported is not reported anew.
                for (_, mut object) in known? {
                    if let Some(data) = object
                        .remove(DEVICE)
                        .and_then(|mut device| device.remove("ServiceData"))
                    {
                        hand_over(laptop, data.into());
                    }
                }
                laptop.started();
            }
            report = reports.next() => match report {
                Some(Ok(report)) => read(&report, &adapter, laptop)?,
                Some(Err(error)) => return Err(BluezError::Refused(error)),
                None => return Err(BluezError::NoAnswer(None)),
            },
            Some(Ok(change)) = owners.next() => {
                let body = change.body();
                if let Ok((_, _, "")) = body.deserialize::<(&str, &str, &str)>() {
                    return Err(BluezError::NoDaemon(None));
                }
            }
        }
    }
}

/// Starts the scan and returns what BlueZ knows by then.
async fn start(daemon: &Daemon, adapter: &str) -> Result<Objects, BluezError> {
    // No filter on service UUIDs: BlueZ would then hide adverts whose UUID is in the service data only. Duplicates,
    // because a phone that is heard again may have something new to say.
    let filter = HashMap::from([
        ("Transport", Variant::from("le")),
        ("DuplicateData", Variant::from(true)),
    ]);
    daemon
        .call(adapter, ADAPTER, "SetDiscoveryFilter", &filter)
        .await
        .map_err(BluezError::from_reply)?;
    daemon
        .call(adapter, ADAPTER, "StartDiscovery", &())
        .await
        .map_err(BluezError::from_reply)?;
    daemon.objects().await
}

const ADAPTER: &str = "org.bluez.Adapter1";
const DEVICE: &str = "org.bluez.Device1";

async fn signals(
    daemon: &Daemon,
    sender: &'static str,
    argument: Option<&'static str>,
) -> zbus::Result<MessageStream> {
    let mut rule = MatchRule::builder().msg_type(Type::Signal).sender(sender);
    if let Some(argument) = argument {
        rule = rule.member("NameOwnerChanged").add_arg(argument);
    }
    MessageStream::for_match_rule(rule.build()?, &daemon.connection, None).await
}

/// Takes the service data out of one signal of BlueZ, or learns from it that the scan is over.
fn read(report: &Message, adapter: &str, laptop: &Laptop<BluezError>) -> Result<(), BluezError> {
    let header = report.header();
    let body = report.body();
    match header.member().map(zbus::names::MemberName::as_str) {
        Some("InterfacesAdded") => {
            type Added<'a> = (
                ObjectPath<'a>,
                HashMap<String, HashMap<String, Variant<'a>>>,
            );
            if let Ok((_, mut object)) = body.deserialize::<Added<'_>>()
                && let Some(data) = object
                    .remove(DEVICE)
                    .and_then(|mut device| device.remove("ServiceData"))
            {
                hand_over(laptop, data);
            }
        }
        Some("PropertiesChanged") => {
            type Changed<'a> = (&'a str, HashMap<&'a str, Variant<'a>>, Vec<&'a str>);
            let Ok((interface, mut changed, _)) = body.deserialize::<Changed<'_>>() else {
                return Ok(());
            };
            if interface == DEVICE
                && let Some(data) = changed.remove("ServiceData")
            {
                hand_over(laptop, data);
            }
            let ours = header.path().is_some_and(|path| path.as_str() == adapter);
            if ours && interface == ADAPTER && changed.get("Powered") == Some(&Variant::Bool(false))
            {
                return Err(BluezError::PoweredOff);
            }
        }
        Some("InterfacesRemoved") => {
            if let Ok((path, interfaces)) = body.deserialize::<(ObjectPath<'_>, Vec<&str>)>()
                && path.as_str() == adapter
                && interfaces.contains(&ADAPTER)
            {
                return Err(BluezError::NoAdapter);
            }
        }
        _ => {}
    }
    Ok(())
}

/// Gives the laptop what is under the two UUIDs of the hybrid transport.
fn hand_over(laptop: &Laptop<BluezError>, service_data: Variant<'_>) {
    let Ok(mut by_uuid) = HashMap::<String, Variant<'_>>::try_from(service_data) else {
        return;
    };
    for uuid in SERVICE_UUIDS {
        if let Some(Ok(data)) = by_uuid.remove(uuid).map(Vec::<u8>::try_from) {
            laptop.hand_over(data);
        }
    }
}

/// `0xFFF9` of the FIDO Alliance, and `0xFDE2` that older phones use. BlueZ reports the long forms.
const SERVICE_UUIDS: [&str; 2] = [
    "0000fff9-0000-1000-8000-00805f9b34fb",
    "0000fde2-0000-1000-8000-00805f9b34fb",
];

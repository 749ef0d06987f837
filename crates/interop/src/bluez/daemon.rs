//! `bluetoothd` as one task: it owns every scan, advert and object, and nobody else touches them.

mod on_air;
mod properties;
mod scans;

use std::collections::HashMap;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::{mpsc, watch};
use zbus::message::Type;
use zbus::{Connection, MatchRule, Message, MessageStream, ObjectPath, connection};

use super::command::{Command, Filter, Owner};
use super::objects::{self, ADAPTER, ADAPTER_INTERFACE, Objects};
use super::{Advert, Advertising, Radio, Settings};

#[derive(Debug)]
struct OnAir {
    owner: Owner,
    advert: Advert,
    address: String,
}

/// The state behind the name `org.bluez`.
#[derive(Debug)]
pub(super) struct Daemon {
    pub(super) connection: Connection,
    pub(super) objects: Objects,
    pub(super) advertising: Advertising,
    pub(super) filters: HashMap<String, Filter>,
    pub(super) commands: mpsc::WeakSender<Command>,
    scans: HashMap<String, Filter>,
    on_air: Vec<OnAir>,
    heard: u32,
    inbox: mpsc::Receiver<Command>,
    calls: MessageStream,
    departures: MessageStream,
    radio: watch::Sender<Radio>,
}

impl Daemon {
    pub(super) async fn new(
        address: &str,
        settings: &Settings,
        inbox: mpsc::Receiver<Command>,
        commands: mpsc::WeakSender<Command>,
        radio: watch::Sender<Radio>,
    ) -> zbus::Result<Self> {
        let connection = connection::Builder::address(address).build().await?;
        let rule = MatchRule::builder()
            .msg_type(Type::Signal)
            .sender("org.freedesktop.DBus")
            .interface("org.freedesktop.DBus")
            .member("NameOwnerChanged")
            .build()?;
        let departures = MessageStream::for_match_rule(rule, &connection, None).await?;
        let calls = MessageStream::from(&connection);
        // Last, so that whoever waits for the name finds everything in place.
        connection.request_name("org.bluez").await?;
        Ok(Self {
            connection,
            objects: objects::machine(settings),
            advertising: settings.advertising,
            filters: HashMap::new(),
            commands,
            scans: HashMap::new(),
            on_air: Vec::new(),
            heard: 0,
            inbox,
            calls,
            departures,
            radio,
        })
    }

    /// Serves until the bus ends.
    pub(super) async fn run(mut self) {
        let mut repeat = tokio::time::interval(REPEAT);
        repeat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                message = self.calls.next() => match message {
                    Some(Ok(message)) if message.message_type() == Type::MethodCall => self.answer(message).await,
                    Some(_) => {}
                    None => return,
                },
                Some(Ok(signal)) = self.departures.next() => self.name_changed(&signal).await,
                Some(command) = self.inbox.recv() => self.obey(command).await,
                _ = repeat.tick() => self.repeat().await,
            }
            self.publish();
        }
    }

    async fn obey(&mut self, command: Command) {
        match command {
            Command::Transmit { advert, stopped } => {
                self.heard += 1;
                let owner = Owner::Test(self.heard);
                self.put_on(owner.clone(), advert).await;
                if let Some(commands) = self.commands.upgrade() {
                    tokio::spawn(async move {
                        // Nothing is ever sent: the guard is dropped.
                        let _ = stopped.await;
                        let _ = commands.send(Command::Stop { owner }).await;
                    });
                }
            }
            Command::PassBy { advert } => {
                self.heard += 1;
                let owner = Owner::Test(self.heard);
                self.put_on(owner.clone(), advert).await;
                self.take_off(&owner).await;
            }
            Command::Power { on } => self.power(on).await,
            Command::Register {
                call,
                owner,
                adverts,
            } => self.register(&call, owner, adverts).await,
            Command::Stop { owner } => {
                self.take_off(&owner).await;
            }
        }
    }

    async fn power(&mut self, on: bool) {
        if !on {
            self.scans.clear();
            self.discovering().await;
            self.take_off_all(|on_air| matches!(on_air.owner, Owner::Client { .. }))
                .await;
        }
        let state = if on { "on" } else { "off" };
        self.set(
            ADAPTER,
            ADAPTER_INTERFACE,
            vec![("Powered", on.into()), ("PowerState", state.into())],
        )
        .await;
    }

    /// What a client started ends when it leaves the bus.
    async fn name_changed(&mut self, signal: &Message) {
        let body = signal.body();
        let Ok((name, _old, new)) = body.deserialize::<(&str, &str, &str)>() else {
            return;
        };
        if !new.is_empty() {
            return;
        }
        self.filters.remove(name);
        self.stop_scan(name).await;
        self.take_off_all(
            |on_air| matches!(&on_air.owner, Owner::Client { name: client, .. } if client == name),
        )
        .await;
    }

    fn publish(&self) {
        let deaf = self.scans.values().filter(|filter| filter.by_uuid).count();
        let on_air: Vec<Advert> = self
            .on_air
            .iter()
            .map(|on_air| on_air.advert.clone())
            .collect();
        self.radio.send_if_modified(|radio| {
            let next = Radio {
                scanners: self.scans.len() - deaf,
                deaf_scanners: deaf,
                on_air,
                registered: std::mem::take(&mut radio.registered),
            };
            let changed = *radio != next;
            *radio = next;
            changed
        });
    }
}

/// How often a phone's advert is heard: seldom enough that a thousand of them are no load.
const REPEAT: Duration = Duration::from_millis(200);

const OBJECT_MANAGER: &str = "org.freedesktop.DBus.ObjectManager";

fn root() -> ObjectPath<'static> {
    ObjectPath::from_static_str_unchecked("/")
}

fn device_path(address: &str) -> ObjectPath<'static> {
    ObjectPath::from_string_unchecked(format!("{ADAPTER}/dev_{}", address.replace(':', "_")))
}

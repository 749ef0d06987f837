//! `bluetoothd` as one task: it owns every scan, advert and object, and nobody else touches them.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::{mpsc, oneshot, watch};
use zbus::message::Type;
use zbus::{Connection, MatchRule, Message, MessageStream, ObjectPath, Variant, connection};

use super::objects::{
    self, ADAPTER, ADAPTER_INTERFACE, ADVERTISING_INTERFACE, DEVICE_INTERFACE, Interfaces, Objects,
};
use super::{Advert, Advertising, Radio, Settings};

/// What a test, or a task of the daemon itself, wants done.
#[derive(Debug)]
pub(super) enum Command {
    Transmit {
        advert: Advert,
        stopped: oneshot::Receiver<()>,
    },
    PassBy {
        advert: Advert,
    },
    Power {
        on: bool,
    },
    /// A client offered an advertisement, and it has been read.
    Register {
        call: Message,
        owner: Owner,
        adverts: Vec<Advert>,
    },
    Stop {
        owner: Owner,
    },
}

/// Who put an advert on the air.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Client { name: String, path: String },
    Test(u32),
}

/// What a client said before it scans.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Filter {
    /// It wants certain service UUIDs only.
    pub(super) by_uuid: bool,
    /// It wants to hear the same advert again.
    pub(super) duplicates: bool,
}

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

    pub(super) fn powered(&self) -> bool {
        self.adapter_property("Powered") == Some(&Variant::Bool(true))
    }

    /// Starts the scan of a client.
    pub(super) async fn scan(&mut self, client: String) {
        let filter = self.filters.get(&client).copied().unwrap_or_default();
        self.scans.insert(client, filter);
        self.discovering().await;
        self.show_devices().await;
    }

    /// Ends the scan of a client; whether it had one.
    pub(super) async fn stop_scan(&mut self, client: &str) -> bool {
        let had = self.scans.remove(client).is_some();
        self.discovering().await;
        had
    }

    /// Whether this very advertisement is on the air.
    pub(super) fn advertises(&self, owner: &Owner) -> bool {
        self.on_air.iter().any(|on_air| on_air.owner == *owner)
    }

    /// Takes everything of this owner off the air; whether there was something.
    pub(super) async fn take_off(&mut self, owner: &Owner) -> bool {
        self.take_off_all(|on_air| on_air.owner == *owner).await
    }

    /// Tells everybody about properties that changed.
    pub(super) async fn set(
        &mut self,
        path: &str,
        interface: &str,
        changes: Vec<(&str, Variant<'static>)>,
    ) {
        let Ok(path) = ObjectPath::try_from(path.to_owned()) else {
            return;
        };
        let Some(properties) = self
            .objects
            .get_mut(&path)
            .and_then(|object| object.get_mut(interface))
        else {
            return;
        };
        let now: BTreeMap<&str, Variant<'static>> = changes.into_iter().collect();
        for (name, value) in &now {
            properties.insert((*name).to_owned(), value.clone());
        }
        self.signal(
            &path,
            "org.freedesktop.DBus.Properties",
            "PropertiesChanged",
            &(interface, now, Vec::<&str>::new()),
        )
        .await;
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

    async fn register(&mut self, call: &Message, owner: Owner, adverts: Vec<Advert>) {
        if self.advertises(&owner) {
            return self
                .refuse(call, "org.bluez.Error.AlreadyExists", "Already Exists")
                .await;
        }
        // An advert without service data holds its slot all the same.
        let adverts = if adverts.is_empty() {
            vec![Advert {
                uuid: String::new(),
                data: Vec::new(),
            }]
        } else {
            adverts
        };
        for advert in adverts {
            self.radio
                .send_modify(|radio| radio.registered.push(advert.clone()));
            self.put_on(owner.clone(), advert).await;
        }
        self.reply(call, &()).await;
    }

    async fn put_on(&mut self, owner: Owner, advert: Advert) {
        self.heard = self.heard.wrapping_add(1);
        let [a, b, c, d] = self.heard.to_be_bytes();
        // The two top bits say "static random address".
        let address = format!("C0:FF:{a:02X}:{b:02X}:{c:02X}:{d:02X}");
        self.on_air.push(OnAir {
            owner,
            advert,
            address,
        });
        self.slots().await;
        self.show_devices().await;
    }

    async fn take_off_all(&mut self, goes: impl Fn(&OnAir) -> bool) -> bool {
        let (gone, stays) = std::mem::take(&mut self.on_air)
            .into_iter()
            .partition(|on_air| goes(on_air));
        self.on_air = stays;
        let gone: Vec<OnAir> = gone;
        for on_air in &gone {
            let path = device_path(&on_air.address);
            if let Some(interfaces) = self.objects.remove(&path) {
                let names: Vec<&String> = interfaces.keys().collect();
                self.signal(
                    &root(),
                    OBJECT_MANAGER,
                    "InterfacesRemoved",
                    &(&path, names),
                )
                .await;
            }
        }
        self.slots().await;
        !gone.is_empty()
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

    /// Makes a device of everything on the air, provided that somebody listens who can hear it.
    async fn show_devices(&mut self) {
        if !self.scans.values().any(|filter| !filter.by_uuid) {
            return;
        }
        let new: Vec<(ObjectPath<'static>, Interfaces)> = self
            .on_air
            .iter()
            .filter(|on_air| !on_air.advert.uuid.is_empty())
            .map(|on_air| (device_path(&on_air.address), on_air))
            .filter(|(path, _)| !self.objects.contains_key(path))
            .map(|(path, on_air)| (path, objects::device(&on_air.address, &on_air.advert)))
            .collect();
        for (path, interfaces) in new {
            self.signal(
                &root(),
                OBJECT_MANAGER,
                "InterfacesAdded",
                &(&path, &interfaces),
            )
            .await;
            self.objects.insert(path, interfaces);
        }
    }

    /// An advert is heard several times a second, but only those who asked for duplicates get its data again.
    async fn repeat(&mut self) {
        if self.scans.is_empty() {
            return;
        }
        let duplicates = self
            .scans
            .values()
            .any(|filter| filter.duplicates && !filter.by_uuid);
        let devices: Vec<ObjectPath<'static>> = self
            .on_air
            .iter()
            .map(|on_air| device_path(&on_air.address))
            .collect();
        for path in devices {
            let data = self
                .objects
                .get(&path)
                .and_then(|object| object.get(DEVICE_INTERFACE)?.get("ServiceData"))
                .cloned();
            let Some(data) = data else { continue };
            let mut changes = vec![("RSSI", Variant::from(-45_i16))];
            if duplicates {
                changes.push(("ServiceData", data));
            }
            self.set(&path, DEVICE_INTERFACE, changes).await;
        }
    }

    async fn discovering(&mut self) {
        let now = Variant::Bool(!self.scans.is_empty());
        if self
            .adapter_property("Discovering")
            .is_some_and(|before| *before != now)
        {
            self.set(ADAPTER, ADAPTER_INTERFACE, vec![("Discovering", now)])
                .await;
        }
    }

    async fn slots(&mut self) {
        let held = self
            .on_air
            .iter()
            .filter(|on_air| matches!(on_air.owner, Owner::Client { .. }))
            .count();
        let held = u8::try_from(held).unwrap_or(u8::MAX);
        self.set(
            ADAPTER,
            ADVERTISING_INTERFACE,
            vec![("ActiveInstances", held.into())],
        )
        .await;
    }

    fn adapter_property(&self, name: &str) -> Option<&Variant<'static>> {
        let path = ObjectPath::from_static_str_unchecked(ADAPTER);
        self.objects.get(&path)?.get(ADAPTER_INTERFACE)?.get(name)
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

    async fn signal<B>(&self, path: &ObjectPath<'_>, interface: &str, name: &str, body: &B)
    where
        B: serde::Serialize + zbus::DynamicType,
    {
        // A bus that is gone ends the task at its next message.
        let _ = self
            .connection
            .emit_signal(None::<&str>, path, interface, name, body)
            .await;
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

//! The methods that clients call.

use std::collections::HashMap;

use zbus::{Message, ObjectPath, OwnedVariant, Variant};

use super::Advertising;
use super::advertisement::{self, Refusal};
use super::command::{Command, Filter, Owner};
use super::daemon::Daemon;
use super::objects::{ADAPTER_INTERFACE, ADVERTISING_INTERFACE};

impl Daemon {
    /// Answers one method call.
    pub(super) async fn answer(&mut self, call: Message) {
        let header = call.header();
        let interface = header
            .interface()
            .map(ToString::to_string)
            .unwrap_or_default();
        let method = header.member().map(ToString::to_string).unwrap_or_default();
        let (Some(path), Some(client)) = (header.path().map(ObjectPath::to_owned), header.sender())
        else {
            return;
        };
        let client = client.to_string();
        tracing::debug!(%client, %path, %interface, %method, "call");
        match (interface.as_str(), method.as_str()) {
            ("org.freedesktop.DBus.ObjectManager", "GetManagedObjects") => {
                self.reply(&call, &self.objects).await;
            }
            ("org.freedesktop.DBus.Properties", _) => self.property(&call, &path, &method).await,
            ("org.freedesktop.DBus.Peer", "Ping") => self.reply(&call, &()).await,
            ("org.freedesktop.DBus.Introspectable", "Introspect") => {
                self.reply(&call, &"<node/>").await;
            }
            (ADAPTER_INTERFACE | ADVERTISING_INTERFACE, _) if !self.has(&path, &interface) => {
                let unknown = "org.freedesktop.DBus.Error.UnknownObject";
                self.refuse(&call, unknown, "Method doesn't exist").await;
            }
            (ADAPTER_INTERFACE, _) => self.adapter_call(&call, &method, client).await,
            (ADVERTISING_INTERFACE, _) => self.advertising_call(&call, &method, client).await,
            ("org.bluez.Device1", _) => {
                self.refuse(
                    &call,
                    "org.bluez.Error.NotAvailable",
                    "An advert cannot be connected to",
                )
                .await;
            }
            // Agents, profiles and GATT applications are registered by browsers and never used here.
            (
                "org.bluez.AgentManager1" | "org.bluez.ProfileManager1" | "org.bluez.GattManager1",
                _,
            ) => {
                self.reply(&call, &()).await;
            }
            _ => {
                let unknown = "org.freedesktop.DBus.Error.UnknownMethod";
                self.refuse(&call, unknown, "The stand-in does not have this method")
                    .await;
            }
        }
    }

    async fn adapter_call(&mut self, call: &Message, method: &str, client: String) {
        match method {
            "SetDiscoveryFilter" => {
                let body = call.body();
                match body.deserialize::<HashMap<String, OwnedVariant>>() {
                    Ok(filter) => {
                        self.filters.insert(client, read_filter(filter));
                        self.reply(call, &()).await;
                    }
                    Err(_) => {
                        self.refuse_arguments(call).await;
                    }
                }
            }
            "StartDiscovery" if !self.powered() => {
                self.refuse(call, "org.bluez.Error.NotReady", "Resource Not Ready")
                    .await;
            }
            "StartDiscovery" => {
                self.reply(call, &()).await;
                self.scan(client).await;
            }
            "StopDiscovery" => {
                if self.stop_scan(&client).await {
                    self.reply(call, &()).await;
                } else {
                    self.refuse(call, "org.bluez.Error.Failed", "No discovery started")
                        .await;
                }
            }
            "GetDiscoveryFilters" => {
                self.reply(
                    call,
                    &vec!["UUIDs", "RSSI", "Pathloss", "Transport", "DuplicateData"],
                )
                .await;
            }
            _ => self.reply(call, &()).await,
        }
    }

    async fn advertising_call(&mut self, call: &Message, method: &str, client: String) {
        let body = call.body();
        match method {
            "RegisterAdvertisement" => {
                let Ok((path, _)) =
                    body.deserialize::<(ObjectPath<'_>, HashMap<String, OwnedVariant>)>()
                else {
                    return self.refuse_arguments(call).await;
                };
                match self.advertising {
                    _ if !self.powered() => {
                        self.refuse(call, "org.bluez.Error.NotReady", "Resource Not Ready")
                            .await;
                    }
                    Advertising::Full => {
                        let reason = "Maximum advertisements reached";
                        self.refuse(call, "org.bluez.Error.NotPermitted", reason)
                            .await;
                    }
                    Advertising::Broken => {
                        let reason = "Failed to register advertisement";
                        self.refuse(call, "org.bluez.Error.Failed", reason).await;
                    }
                    Advertising::Supported | Advertising::Unsupported => {
                        self.offered(
                            call.clone(),
                            Owner::Client {
                                name: client,
                                path: path.to_string(),
                            },
                        );
                    }
                }
            }
            "UnregisterAdvertisement" => {
                let Ok(path) = body.deserialize::<ObjectPath<'_>>() else {
                    return self.refuse_arguments(call).await;
                };
                if self
                    .take_off(&Owner::Client {
                        name: client,
                        path: path.to_string(),
                    })
                    .await
                {
                    self.reply(call, &()).await;
                } else {
                    self.refuse(call, "org.bluez.Error.DoesNotExist", "Does Not Exist")
                        .await;
                }
            }
            _ => {
                self.refuse(
                    call,
                    "org.freedesktop.DBus.Error.UnknownMethod",
                    "No such method",
                )
                .await;
            }
        }
    }

    /// Reads the offered object in a task of its own: its owner may take its time, and calls us meanwhile.
    fn offered(&self, call: Message, owner: Owner) {
        let (connection, commands) = (self.connection.clone(), self.commands.clone());
        tokio::spawn(async move {
            let Owner::Client { name, path } = &owner else {
                return;
            };
            match advertisement::read(&connection, name, path).await {
                Ok(advertisement) => {
                    let adverts = advertisement.adverts;
                    if let Some(commands) = commands.upgrade() {
                        let _ = commands
                            .send(Command::Register {
                                call,
                                owner,
                                adverts,
                            })
                            .await;
                    }
                }
                Err(refusal) => {
                    let (name, reason) = match refusal {
                        Refusal::Invalid => {
                            ("org.bluez.Error.Failed", "Failed to parse advertisement.")
                        }
                        Refusal::TooLong => (
                            "org.bluez.Error.InvalidLength",
                            "Advertising data too long.",
                        ),
                    };
                    let _ = connection.reply_error(&call.header(), name, &reason).await;
                }
            }
        });
    }

    async fn property(&mut self, call: &Message, path: &ObjectPath<'static>, method: &str) {
        let body = call.body();
        let unknown = "org.freedesktop.DBus.Error.InvalidArgs";
        if let ("GetAll", Ok(interface)) = (method, body.deserialize::<&str>()) {
            return match self
                .objects
                .get(path)
                .and_then(|object| object.get(interface))
            {
                Some(properties) => self.reply(call, properties).await,
                None => self.refuse(call, unknown, "No such interface").await,
            };
        }
        if let ("Get", Ok((interface, name))) = (method, body.deserialize::<(&str, &str)>()) {
            return match self
                .objects
                .get(path)
                .and_then(|object| object.get(interface)?.get(name))
            {
                Some(value) => self.reply(call, value).await,
                None => self.refuse(call, unknown, "No such property").await,
            };
        }
        if let ("Set", Ok((interface, name, value))) =
            (method, body.deserialize::<(&str, &str, Variant<'_>)>())
            && self.has(path, interface)
            && let Ok(value) = value.try_to_owned()
        {
            self.reply(call, &()).await;
            return self.set(path, interface, vec![(name, value.into())]).await;
        }
        self.refuse(call, unknown, "No such property").await;
    }

    pub(super) async fn reply<B>(&self, call: &Message, body: &B)
    where
        B: serde::Serialize + zbus::DynamicType,
    {
        // A caller that left needs no answer.
        let _ = self.connection.reply(&call.header(), body).await;
    }

    async fn refuse_arguments(&self, call: &Message) {
        let error = "org.bluez.Error.InvalidArguments";
        self.refuse(call, error, "Invalid arguments").await;
    }

    pub(super) async fn refuse(&self, call: &Message, error: &str, reason: &str) {
        let _ = self
            .connection
            .reply_error(&call.header(), error, &reason)
            .await;
    }

    fn has(&self, path: &ObjectPath<'static>, interface: &str) -> bool {
        self.objects
            .get(path)
            .is_some_and(|object| object.contains_key(interface))
    }
}

fn read_filter(mut filter: HashMap<String, OwnedVariant>) -> Filter {
    let uuids = filter.remove("UUIDs").map(Vec::<String>::try_from);
    let duplicates = filter.remove("DuplicateData").map(bool::try_from);
    Filter {
        by_uuid: matches!(uuids, Some(Ok(uuids)) if !uuids.is_empty()),
        duplicates: matches!(duplicates, Some(Ok(true))),
    }
}

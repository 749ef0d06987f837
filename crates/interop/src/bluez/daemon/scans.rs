//! Who listens, and what they hear.

use zbus::{ObjectPath, Variant};

use super::{Daemon, OBJECT_MANAGER, device_path, root};
use crate::bluez::objects::{self, ADAPTER, ADAPTER_INTERFACE, DEVICE_INTERFACE, Interfaces};

impl Daemon {
    /// Starts the scan of a client.
    pub(in crate::bluez) async fn scan(&mut self, client: String) {
        let filter = self.filters.get(&client).copied().unwrap_or_default();
        self.scans.insert(client, filter);
        self.discovering().await;
        self.show_devices().await;
    }

    /// Ends the scan of a client; whether it had one.
    pub(in crate::bluez) async fn stop_scan(&mut self, client: &str) -> bool {
        let had = self.scans.remove(client).is_some();
        self.discovering().await;
        had
    }

    /// Makes a device of everything on the air, provided that somebody listens who can hear it.
    pub(super) async fn show_devices(&mut self) {
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
    pub(super) async fn repeat(&mut self) {
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

    pub(super) async fn discovering(&mut self) {
        let now = Variant::Bool(!self.scans.is_empty());
        if self
            .adapter_property("Discovering")
            .is_some_and(|before| *before != now)
        {
            self.set(ADAPTER, ADAPTER_INTERFACE, vec![("Discovering", now)])
                .await;
        }
    }
}

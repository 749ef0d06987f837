//! What is on the air: adverts of clients, which hold slots of the adapter, and of tests.

use zbus::Message;

use super::{Daemon, OBJECT_MANAGER, OnAir, device_path, root};
use crate::bluez::Advert;
use crate::bluez::command::Owner;
use crate::bluez::objects::{ADAPTER, ADVERTISING_INTERFACE};

impl Daemon {
    /// Whether this very advertisement is on the air.
    pub(in crate::bluez) fn advertises(&self, owner: &Owner) -> bool {
        self.on_air.iter().any(|on_air| on_air.owner == *owner)
    }

    /// Takes everything of this owner off the air; whether there was something.
    pub(in crate::bluez) async fn take_off(&mut self, owner: &Owner) -> bool {
        self.take_off_all(|on_air| on_air.owner == *owner).await
    }

    pub(super) async fn register(&mut self, call: &Message, owner: Owner, adverts: Vec<Advert>) {
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

    pub(super) async fn put_on(&mut self, owner: Owner, advert: Advert) {
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

    pub(super) async fn take_off_all(&mut self, goes: impl Fn(&OnAir) -> bool) -> bool {
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
}

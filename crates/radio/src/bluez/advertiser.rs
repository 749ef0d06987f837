//! Being heard: `LEAdvertisingManager1`.

use std::collections::HashMap;

use hawser_phone::AdvertiseError;
use zbus::{Connection, ObjectPath, Variant, interface};

use super::BluezError;
use super::daemon::{Bus, Daemon};

/// Sends adverts through BlueZ.
#[derive(Clone, Debug)]
pub struct Advertiser {
    bus: Bus,
}

/// Keeps one advert on the air. BlueZ takes it off when this is dropped, and also when the process dies.
#[derive(Debug)]
#[must_use = "the advert goes off the air when its guard is dropped"]
pub struct AdvertGuard {
    // The advert lives as long as the connection that registered it.
    _connection: Connection,
}

impl Advertiser {
    /// Advertises through the machine's own BlueZ.
    #[must_use]
    pub fn new() -> Self {
        Self { bus: Bus::System }
    }

    /// Advertises through the BlueZ on the bus at this D-Bus address.
    #[must_use]
    pub fn on_bus(address: impl Into<String>) -> Self {
        Self {
            bus: Bus::At(address.into()),
        }
    }

    async fn register(&self, service_data: &[u8]) -> Result<AdvertGuard, BluezError> {
        let advertisement = Advertisement {
            service_data: service_data.to_owned(),
        };
        let daemon = Daemon::open_with(&self.bus, PATH, advertisement).await?;
        let adapter = daemon.adapter().await?;
        if !adapter.can_advertise {
            return Err(BluezError::CannotAdvertise(None));
        }
        let options: HashMap<&str, Variant<'_>> = HashMap::new();
        let path = ObjectPath::from_static_str_unchecked(PATH);
        daemon
            .call(
                &adapter.path,
                "org.bluez.LEAdvertisingManager1",
                "RegisterAdvertisement",
                &(path, options),
            )
            .await
            .map_err(BluezError::from_advertising_reply)?;
        Ok(AdvertGuard {
            _connection: daemon.connection,
        })
    }
}

impl Default for Advertiser {
    fn default() -> Self {
        Self::new()
    }
}

impl hawser_phone::Advertiser for Advertiser {
    type Guard = AdvertGuard;

    async fn advertise(&self, service_data: &[u8]) -> Result<AdvertGuard, AdvertiseError> {
        Ok(self.register(service_data).await?)
    }
}

/// One advert on one connection, so one path is enough.
const PATH: &str = "/org/hawser/advert";

/// The object that BlueZ reads the advert from.
struct Advertisement {
    service_data: Vec<u8>,
}

#[interface(name = "org.bluez.LEAdvertisement1")]
#[expect(
    clippy::unused_self,
    reason = "D-Bus reads every property from an object"
)]
impl Advertisement {
    /// "broadcast" is the kind that nobody can connect to.
    #[zbus(property, name = "Type")]
    fn kind(&self) -> &'static str {
        "broadcast"
    }

    #[zbus(property, name = "ServiceUUIDs")]
    fn service_uuids(&self) -> Vec<&'static str> {
        vec![SERVICE_UUID]
    }

    #[zbus(property)]
    fn service_data(&self) -> HashMap<&'static str, Variant<'_>> {
        HashMap::from([(SERVICE_UUID, Variant::from(self.service_data.as_slice()))])
    }

    /// Milliseconds. BlueZ heeds the interval only with its experimental features on.
    #[zbus(property)]
    fn min_interval(&self) -> u32 {
        100
    }

    #[zbus(property)]
    fn max_interval(&self) -> u32 {
        150
    }

    /// BlueZ took the advert off by itself: the adapter was switched off. The phone finds out when nobody comes.
    fn release(&self) {
        tracing::debug!("BlueZ took the advert off the air");
    }
}

/// The FIDO Alliance's service UUID. The 16-bit form, because the long one would not leave room for the data.
const SERVICE_UUID: &str = "fff9";

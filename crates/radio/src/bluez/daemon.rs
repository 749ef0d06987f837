//! The way to `bluetoothd`: the bus, the adapter, and a call to it.

use std::collections::HashMap;
use std::time::Duration;

use zbus::{Connection, DynamicType, Message, OwnedObjectPath, OwnedVariant, connection};

use super::BluezError;

/// A Bluetooth adapter that is switched on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Adapter {
    /// What BlueZ calls it: `/org/bluez/hci0`.
    pub path: String,
    /// Whether it can send adverts, which a phone needs and a laptop does not.
    pub can_advertise: bool,
}

/// Looks for the adapter that a scanner or an advertiser would use.
///
/// # Errors
/// The [`BluezError`] that they would end with.
///
/// # Cancel safety
/// Cancel safe.
pub async fn check() -> Result<Adapter, BluezError> {
    Daemon::open(&Bus::System).await?.adapter().await
}

/// [`check`] on the bus at this D-Bus address.
///
/// # Errors
/// As [`check`].
///
/// # Cancel safety
/// Cancel safe.
pub async fn check_on_bus(address: &str) -> Result<Adapter, BluezError> {
    Daemon::open(&Bus::At(address.to_owned()))
        .await?
        .adapter()
        .await
}

/// Which bus `bluetoothd` is on.
#[derive(Clone, Debug)]
pub(super) enum Bus {
    /// The system's.
    System,
    /// The one at this address.
    At(String),
}

impl Bus {
    fn builder(&self) -> connection::Builder<'_> {
        match self {
            Self::System => connection::Builder::system(),
            Self::At(address) => connection::Builder::address(address.as_str()),
        }
    }
}

/// A connection to the bus, for calls to `bluetoothd`.
#[derive(Debug)]
pub(super) struct Daemon {
    pub(super) connection: Connection,
}

/// What is known of every object: path, interface, property, value.
pub(super) type Objects = HashMap<OwnedObjectPath, HashMap<String, HashMap<String, OwnedVariant>>>;

impl Daemon {
    pub(super) async fn open(bus: &Bus) -> Result<Self, BluezError> {
        Self::connect(bus.builder()).await
    }

    /// [`Self::open`], with an object for `bluetoothd` to call. It is there from the first moment of the connection: one that
    /// is added later may miss the first call, and `bluetoothd` would wait for its answer.
    #[cfg(feature = "advertiser")]
    pub(super) async fn open_with(
        bus: &Bus,
        path: &'static str,
        object: impl zbus::object_server::Interface,
    ) -> Result<Self, BluezError> {
        Self::connect(bus.builder().serve_at(path, object)).await
    }

    async fn connect(builder: connection::Builder<'_>) -> Result<Self, BluezError> {
        let builder = builder.method_timeout(PATIENCE);
        match tokio::time::timeout(PATIENCE, builder.build()).await {
            Ok(Ok(connection)) => Ok(Self { connection }),
            Ok(Err(error)) => Err(BluezError::NoBus(error)),
            Err(_) => Err(BluezError::NoAnswer(None)),
        }
    }

    /// Everything that BlueZ knows.
    pub(super) async fn objects(&self) -> Result<Objects, BluezError> {
        let reply = self
            .call(
                "/",
                "org.freedesktop.DBus.ObjectManager",
                "GetManagedObjects",
                &(),
            )
            .await
            .map_err(BluezError::from_reply)?;
        reply.body().deserialize().map_err(BluezError::Refused)
    }

    /// The first adapter that is switched on.
    pub(super) async fn adapter(&self) -> Result<Adapter, BluezError> {
        let objects = self.objects().await?;
        let mut adapters: Vec<_> = objects
            .iter()
            .filter_map(|(path, object)| Some((path, object, object.get("org.bluez.Adapter1")?)))
            .collect();
        if adapters.is_empty() {
            return Err(BluezError::NoAdapter);
        }
        adapters.sort_by_key(|(path, ..)| path.as_str());
        let (path, object, _) = adapters
            .into_iter()
            .find(|(.., properties)| {
                properties
                    .get("Powered")
                    .is_some_and(|powered| bool::try_from(powered) == Ok(true))
            })
            .ok_or(BluezError::PoweredOff)?;
        Ok(Adapter {
            path: path.to_string(),
            can_advertise: object.contains_key("org.bluez.LEAdvertisingManager1"),
        })
    }

    pub(super) async fn call<B>(
        &self,
        path: &str,
        interface: &str,
        method: &str,
        body: &B,
    ) -> zbus::Result<Message>
    where
        B: serde::Serialize + DynamicType,
    {
        self.connection
            .call_method(Some("org.bluez"), path, Some(interface), method, body)
            .await
    }
}

/// Nothing that is asked of `bluetoothd` here takes more than a moment.
const PATIENCE: Duration = Duration::from_secs(10);

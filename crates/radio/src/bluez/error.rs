//! What can be wrong with Bluetooth on a Linux machine, and what to do about it.

#[cfg(feature = "scanner")]
use hawser_laptop::ScanError;
#[cfg(feature = "advertiser")]
use hawser_phone::AdvertiseError;

/// Why Bluetooth cannot be used. Every message says what to do.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BluezError {
    /// There is no system bus, so nobody can be asked.
    #[error(
        "there is no D-Bus system bus: start it (package dbus), or give this container /run/dbus/system_bus_socket"
    )]
    NoBus(#[source] zbus::Error),
    /// There is a bus, and `bluetoothd` is not on it.
    #[error(
        "the Bluetooth service is not running: install the package bluez, then run `systemctl start bluetooth`"
    )]
    NoDaemon(#[source] Option<zbus::Error>),
    /// `bluetoothd` is there and does not answer.
    #[error("the Bluetooth service does not answer: run `systemctl restart bluetooth`")]
    NoAnswer(#[source] Option<zbus::Error>),
    /// The machine has no adapter.
    #[error("this computer has no Bluetooth adapter: plug one in")]
    NoAdapter,
    /// No adapter is switched on.
    #[error("Bluetooth is off: run `rfkill unblock bluetooth` and `bluetoothctl power on`")]
    PoweredOff,
    /// The system does not let this user talk to `bluetoothd`.
    #[error(
        "this user may not use Bluetooth: join the group that /etc/dbus-1/system.d/bluetooth.conf names, or ask the administrator"
    )]
    NotPermitted(#[source] zbus::Error),
    /// The adapter can only listen.
    #[error("this Bluetooth adapter cannot send adverts: use one for Bluetooth 4.0 or later")]
    CannotAdvertise(#[source] Option<zbus::Error>),
    /// Every advertising slot of the adapter is taken.
    #[error("other programs use up what this Bluetooth adapter can advertise: end one of them")]
    Busy(#[source] zbus::Error),
    /// BlueZ refused for a reason that is not one of the above.
    #[error("the Bluetooth service refused: `journalctl -u bluetooth` may say why")]
    Refused(#[source] zbus::Error),
}

impl BluezError {
    /// What an error reply to a call means.
    pub(super) fn from_reply(error: zbus::Error) -> Self {
        use zbus::fdo::Error as Fdo;
        match &error {
            zbus::Error::FDO(fdo) => match **fdo {
                Fdo::ServiceUnknown(_) | Fdo::NameHasNoOwner(_) => Self::NoDaemon(Some(error)),
                Fdo::AccessDenied(_) | Fdo::AuthFailed(_) => Self::NotPermitted(error),
                Fdo::NoReply(_) | Fdo::TimedOut(_) | Fdo::Timeout(_) => Self::NoAnswer(Some(error)),
                _ => Self::Refused(error),
            },
            zbus::Error::InputOutput(io) if io.kind() == std::io::ErrorKind::TimedOut => {
                Self::NoAnswer(Some(error))
            }
            zbus::Error::InputOutput(_) => Self::NoBus(error),
            zbus::Error::MethodError(name, ..) => match name.as_str() {
                "org.bluez.Error.NotReady" => Self::PoweredOff,
                "org.bluez.Error.NotAuthorized" => Self::NotPermitted(error),
                // Systemd's own words when asked to start a service that is not installed or is masked.
                name if name.starts_with("org.freedesktop.systemd1.")
                    || name.starts_with("org.freedesktop.DBus.Error.Spawn.") =>
                {
                    Self::NoDaemon(Some(error))
                }
                _ => Self::Refused(error),
            },
            _ => Self::Refused(error),
        }
    }

    /// What an error reply to `RegisterAdvertisement` means.
    #[cfg(feature = "advertiser")]
    pub(super) fn from_advertising_reply(error: zbus::Error) -> Self {
        match &error {
            zbus::Error::MethodError(name, ..) => match name.as_str() {
                "org.bluez.Error.NotPermitted" => Self::Busy(error),
                "org.bluez.Error.NotSupported" => Self::CannotAdvertise(Some(error)),
                _ => Self::from_reply(error),
            },
            zbus::Error::FDO(fdo)
                if matches!(
                    **fdo,
                    zbus::fdo::Error::UnknownMethod(_)
                        | zbus::fdo::Error::UnknownObject(_)
                        | zbus::fdo::Error::UnknownInterface(_)
                ) =>
            {
                Self::CannotAdvertise(Some(error))
            }
            _ => Self::from_reply(error),
        }
    }
}

#[cfg(feature = "scanner")]
impl From<BluezError> for ScanError {
    fn from(error: BluezError) -> Self {
        match error {
            BluezError::NoBus(_) | BluezError::NoDaemon(_) | BluezError::NoAnswer(_) => {
                Self::ServiceUnavailable(Some(error.into()))
            }
            BluezError::NoAdapter => Self::NoAdapter,
            BluezError::PoweredOff => Self::PoweredOff,
            BluezError::NotPermitted(_) => Self::PermissionDenied,
            BluezError::CannotAdvertise(_) | BluezError::Busy(_) | BluezError::Refused(_) => {
                Self::Failed(error.into())
            }
        }
    }
}

#[cfg(feature = "advertiser")]
impl From<BluezError> for AdvertiseError {
    fn from(error: BluezError) -> Self {
        match error {
            BluezError::NoAdapter => Self::NoAdapter,
            BluezError::PoweredOff => Self::PoweredOff,
            BluezError::NotPermitted(_) => Self::NotPermitted(error.into()),
            BluezError::CannotAdvertise(_) => Self::Unsupported(error.into()),
            BluezError::Busy(_) => Self::Busy(error.into()),
            BluezError::NoBus(_)
            | BluezError::NoDaemon(_)
            | BluezError::NoAnswer(_)
            | BluezError::Refused(_) => Self::Other(error.into()),
        }
    }
}

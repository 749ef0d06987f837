//! The objects that the stand-in exports, as plain data: path, interface, property, value.

use std::collections::BTreeMap;

use zbus::{ObjectPath, Variant};

use super::{Adapter, Advert, Advertising, Settings};

/// The only adapter.
pub(super) const ADAPTER: &str = "/org/bluez/hci0";
pub(super) const ADAPTER_INTERFACE: &str = "org.bluez.Adapter1";
pub(super) const DEVICE_INTERFACE: &str = "org.bluez.Device1";
pub(super) const ADVERTISING_INTERFACE: &str = "org.bluez.LEAdvertisingManager1";

pub(super) type Properties = BTreeMap<String, Variant<'static>>;
pub(super) type Interfaces = BTreeMap<String, Properties>;
pub(super) type Objects = BTreeMap<ObjectPath<'static>, Interfaces>;

/// The objects of a machine where nothing has been heard yet.
pub(super) fn machine(settings: &Settings) -> Objects {
    let mut objects = Objects::new();
    let managers = ["org.bluez.AgentManager1", "org.bluez.ProfileManager1"];
    objects.insert(
        ObjectPath::from_static_str_unchecked("/org/bluez"),
        managers
            .map(|name| (name.to_owned(), Properties::new()))
            .into(),
    );
    if settings.adapter != Adapter::Absent {
        objects.insert(
            ObjectPath::from_static_str_unchecked(ADAPTER),
            adapter(settings),
        );
    }
    objects
}

/// What BlueZ says of a device whose advert was heard.
pub(super) fn device(address: &str, advert: &Advert) -> Interfaces {
    let data = BTreeMap::from([(advert.uuid.clone(), Variant::from(advert.data.clone()))]);
    Interfaces::from([(
        DEVICE_INTERFACE.to_owned(),
        properties([
            ("Address", address.to_owned().into()),
            ("AddressType", "random".into()),
            ("Alias", address.replace(':', "-").into()),
            (
                "Adapter",
                ObjectPath::from_static_str_unchecked(ADAPTER).into(),
            ),
            ("Paired", false.into()),
            ("Bonded", false.into()),
            ("Trusted", false.into()),
            ("Blocked", false.into()),
            ("LegacyPairing", false.into()),
            ("Connected", false.into()),
            ("ServicesResolved", false.into()),
            ("UUIDs", vec![advert.uuid.clone()].into()),
            ("RSSI", (-45_i16).into()),
            ("ServiceData", data.into()),
        ]),
    )])
}

fn adapter(settings: &Settings) -> Interfaces {
    let on = settings.adapter == Adapter::On;
    let mut interfaces = Interfaces::from([
        (
            ADAPTER_INTERFACE.to_owned(),
            properties([
                ("Address", "00:1A:7D:DA:71:13".into()),
                ("AddressType", "public".into()),
                ("Name", "stand-in".into()),
                ("Alias", "stand-in".into()),
                ("Class", 0x0010_010c_u32.into()),
                ("Powered", on.into()),
                ("PowerState", if on { "on" } else { "off" }.into()),
                ("Discoverable", false.into()),
                ("DiscoverableTimeout", 180_u32.into()),
                ("Pairable", true.into()),
                ("PairableTimeout", 0_u32.into()),
                ("Discovering", false.into()),
                ("UUIDs", Vec::<String>::new().into()),
                ("Modalias", "usb:v1D6Bp0246d0542".into()),
                (
                    "Roles",
                    vec!["central".to_owned(), "peripheral".to_owned()].into(),
                ),
            ]),
        ),
        ("org.bluez.GattManager1".to_owned(), Properties::new()),
    ]);
    if settings.advertising != Advertising::Unsupported {
        interfaces.insert(
            ADVERTISING_INTERFACE.to_owned(),
            properties([
                ("ActiveInstances", 0_u8.into()),
                ("SupportedInstances", 5_u8.into()),
                (
                    "SupportedIncludes",
                    vec!["tx-power".to_owned(), "local-name".to_owned()].into(),
                ),
                ("SupportedSecondaryChannels", Vec::<String>::new().into()),
            ]),
        );
    }
    interfaces
}

fn properties<const N: usize>(table: [(&str, Variant<'static>); N]) -> Properties {
    table.map(|(name, value)| (name.to_owned(), value)).into()
}

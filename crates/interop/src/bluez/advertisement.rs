//! What a client wants to advertise: the properties of its `LEAdvertisement1` object.

use std::collections::HashMap;

use zbus::{Connection, OwnedVariant};

use super::{Advert, long_uuid};

/// An `LEAdvertisement1`, as far as it goes on the air.
#[derive(Debug)]
pub(super) struct Advertisement {
    /// Its service data; several are possible.
    pub(super) adverts: Vec<Advert>,
}

/// Why BlueZ does not take an advertisement.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The object is missing or is not an advertisement.
    Invalid,
    /// It does not fit into a legacy advert.
    TooLong,
}

/// Reads the object from the client that offers it.
pub(super) async fn read(
    connection: &Connection,
    client: &str,
    path: &str,
) -> Result<Advertisement, Refusal> {
    let reply = connection
        .call_method(
            Some(client),
            path,
            Some("org.freedesktop.DBus.Properties"),
            "GetAll",
            &"org.bluez.LEAdvertisement1",
        )
        .await
        .map_err(|_| Refusal::Invalid)?;
    let mut properties: HashMap<String, OwnedVariant> =
        reply.body().deserialize().map_err(|_| Refusal::Invalid)?;
    let kind = properties.remove("Type").map(String::try_from);
    let Some(Ok("peripheral" | "broadcast")) = kind.as_ref().map(|kind| kind.as_deref()) else {
        return Err(Refusal::Invalid);
    };
    let uuids = match properties.remove("ServiceUUIDs") {
        Some(uuids) => Vec::<String>::try_from(uuids).map_err(|_| Refusal::Invalid)?,
        None => Vec::new(),
    };
    let data = match properties.remove("ServiceData") {
        Some(data) => {
            HashMap::<String, OwnedVariant>::try_from(data).map_err(|_| Refusal::Invalid)?
        }
        None => HashMap::new(),
    };
    let mut length = uuid_list_length(&uuids);
    let mut adverts = Vec::new();
    for (uuid, bytes) in data {
        let bytes = Vec::<u8>::try_from(bytes).map_err(|_| Refusal::Invalid)?;
        length += AD_HEADER + uuid_length(&uuid) + bytes.len();
        adverts.push(Advert {
            uuid: normal(&uuid),
            data: bytes,
        });
    }
    if length > LEGACY_ADVERT {
        Err(Refusal::TooLong)
    } else {
        Ok(Advertisement { adverts })
    }
}

/// The longest advert of Bluetooth 4, in bytes.
const LEGACY_ADVERT: usize = 31;
/// A length byte and a type byte in front of every AD structure.
const AD_HEADER: usize = 2;

/// Two AD structures at most: the list of 16-bit UUIDs and the list of 128-bit ones.
fn uuid_list_length(uuids: &[String]) -> usize {
    [2, 16]
        .map(|size| {
            let listed = uuids
                .iter()
                .filter(|uuid| uuid_length(uuid) == size)
                .count();
            if listed == 0 {
                0
            } else {
                AD_HEADER + listed * size
            }
        })
        .iter()
        .sum()
}

/// A UUID of the Bluetooth SIG takes two bytes on the air, also when it is written in full.
fn uuid_length(uuid: &str) -> usize {
    let written = normal(uuid);
    if written.starts_with("0000") && written.ends_with("-0000-1000-8000-00805f9b34fb") {
        2
    } else {
        16
    }
}

fn normal(uuid: &str) -> String {
    match u16::from_str_radix(uuid, 16) {
        Ok(short) => long_uuid(short),
        Err(_) => uuid.to_ascii_lowercase(),
    }
}

//! Adverts through BlueZ.

use std::collections::HashMap;

use async_trait::async_trait;
use webauthn_authenticator_rs::cable::Advertiser;
use webauthn_authenticator_rs::error::WebauthnCError;
use zbus::{Connection, ObjectPath, Variant, connection, interface};

/// One advert at a time, on a connection of its own: BlueZ ends it with that.
#[derive(Default)]
pub struct BluezAdvertiser {
    on_air: Option<Connection>,
}

#[async_trait]
impl Advertiser for BluezAdvertiser {
    async fn start_advertising(
        &mut self,
        service_uuid: u16,
        payload: &[u8],
    ) -> Result<(), WebauthnCError> {
        let connection = register(service_uuid, payload).await.map_err(|error| {
            eprintln!("cannot advertise: {error}");
            WebauthnCError::Internal
        })?;
        self.on_air = Some(connection);
        Ok(())
    }

    async fn stop_advertising(&mut self) -> Result<(), WebauthnCError> {
        self.on_air = None;
        Ok(())
    }
}

async fn register(service_uuid: u16, payload: &[u8]) -> zbus::Result<Connection> {
    let advert = Advert {
        uuid: format!("0000{service_uuid:04x}-0000-1000-8000-00805f9b34fb"),
        data: payload.to_owned(),
    };
    let connection = connection::Builder::system()
        .serve_at(PATH, advert)
        .build()
        .await?;
    let options: HashMap<&str, Variant<'_>> = HashMap::new();
    connection
        .call_method(
            Some("org.bluez"),
            "/org/bluez/hci0",
            Some("org.bluez.LEAdvertisingManager1"),
            "RegisterAdvertisement",
            &(ObjectPath::from_static_str_unchecked(PATH), options),
        )
        .await?;
    Ok(connection)
}

const PATH: &str = "/advert";

/// What BlueZ reads the advert from.
struct Advert {
    uuid: String,
    data: Vec<u8>,
}

#[interface(name = "org.bluez.LEAdvertisement1")]
impl Advert {
    #[zbus(property, name = "Type")]
    fn kind(&self) -> &'static str {
        "broadcast"
    }

    #[zbus(property, name = "ServiceUUIDs")]
    fn service_uuids(&self) -> Vec<String> {
        vec![self.uuid.clone()]
    }

    #[zbus(property)]
    fn service_data(&self) -> HashMap<String, Variant<'_>> {
        HashMap::from([(self.uuid.clone(), Variant::from(self.data.as_slice()))])
    }

    fn release(&self) {}
}

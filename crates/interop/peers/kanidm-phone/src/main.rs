//! A phone made of somebody else's library: webauthn-authenticator-rs with its caBLE authenticator and its soft token.
//!
//! `kanidm-phone URI TUNNEL-AUTHORITY STORE DOMAIN-ID` serves the laptop whose QR code says URI, through the tunnel service
//! at `ws://TUNNEL-AUTHORITY`, with the passkeys in the file STORE. It advertises through the BlueZ on the bus that
//! DBUS_SYSTEM_BUS_ADDRESS names.

mod advert;

use std::error::Error;
use std::fs::File;
use std::path::Path;

use webauthn_authenticator_rs::cable::{ShareCableAuthenticatorOptions, share_cable_authenticator};
use webauthn_authenticator_rs::softtoken::{SoftToken, SoftTokenFile};
use webauthn_authenticator_rs::types::{CableRequestType, CableState, EnrollSampleStatus};
use webauthn_authenticator_rs::ui::UiCallback;

use advert::BluezAdvertiser;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [uri, tunnel, store, domain] = arguments.as_slice() else {
        return Err("usage: kanidm-phone URI TUNNEL-AUTHORITY STORE DOMAIN-ID".into());
    };
    let mut token = open(Path::new(store))?;
    let info = AsRef::<SoftToken>::as_ref(&token).get_info();
    let service = http::uri::Builder::new()
        .scheme("ws")
        .authority(tunnel.as_str());
    let options = ShareCableAuthenticatorOptions::default()
        .tunnel_server_id(domain.parse()?)
        .tunnel_uri(service);
    let mut advertiser = BluezAdvertiser::default();
    let shared =
        share_cable_authenticator(&mut token, info, uri, &mut advertiser, &Screen, options).await;
    shared.map_err(|error| format!("{error:?}").into())
}

/// The token in the file, or a new one that will be in the file when it is dropped.
fn open(store: &Path) -> Result<SoftTokenFile, Box<dyn Error>> {
    let readable = File::options().read(true).write(true).open(store);
    if let Ok(file) = readable {
        return SoftTokenFile::open(file).map_err(|error| format!("{error:?}").into());
    }
    let (token, _certificate) = SoftToken::new(true).map_err(|error| format!("{error:?}"))?;
    Ok(SoftTokenFile::new(token, File::create_new(store)?))
}

/// Prints what its user would see.
#[derive(Debug)]
struct Screen;

impl UiCallback for Screen {
    fn request_pin(&self) -> Option<String> {
        None
    }

    fn request_touch(&self) {
        eprintln!("touch");
    }

    fn processing(&self) {
        eprintln!("processing");
    }

    fn fingerprint_enrollment_feedback(&self, _: u32, _: Option<EnrollSampleStatus>) {}

    fn cable_qr_code(&self, _: CableRequestType, _: String) {}

    fn dismiss_qr_code(&self) {}

    fn cable_status_update(&self, state: CableState) {
        eprintln!("{state:?}");
    }
}

//! A laptop made of somebody else's library: libwebauthn, with its hybrid transport over BlueZ.
//!
//! `libwebauthn-laptop create|get ORIGIN OPTIONS RELAY-SOCKET` prints the text of a QR code on a line, and then the JSON that
//! a page would get. It connects to port 443 of the tunnel service like any laptop; it expects to be in a network of its own,
//! where that port leads to the Unix socket RELAY-SOCKET.

mod port;

use std::error::Error;
use std::path::PathBuf;
use std::str::FromStr;

use libwebauthn::ops::webauthn::idl::RequestSettings;
use libwebauthn::ops::webauthn::idl::origin::RequestOrigin;
use libwebauthn::ops::webauthn::psl::PublicSuffixList;
use libwebauthn::ops::webauthn::{
    GetAssertionRequest, JsonFormat, MakeCredentialRequest, OriginValidation, RelatedOrigins,
    WebAuthnIDLResponse,
};
use libwebauthn::transport::hybrid::channel::HybridChannel;
use libwebauthn::transport::hybrid::qr_code_device::{
    PxpQrCodeDevice, PxpTransports, QrCodeOperationHint,
};
use libwebauthn::transport::{Channel, ChannelSettings, Device};
use libwebauthn::webauthn::WebAuthn;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [call, origin, options, relay] = arguments.as_slice() else {
        return Err("usage: libwebauthn-laptop create|get ORIGIN OPTIONS RELAY-SOCKET".into());
    };
    port::lead_to(PathBuf::from(relay)).await?;
    let origin = RequestOrigin::from_str(origin).map_err(|error| format!("{error}"))?;
    let settings = RequestSettings {
        origin: OriginValidation::Validate {
            public_suffix_list: &OneLabel,
            related_origins: RelatedOrigins::Disabled,
        },
    };
    let answer = match call.as_str() {
        "create" => {
            let request = MakeCredentialRequest::prepare(&origin, options, &settings)
                .await
                .map_err(|error| format!("{error:?}"))?;
            let mut channel = connect(QrCodeOperationHint::MakeCredential).await?;
            let response = channel.webauthn_make_credential(&request).await;
            channel.close().await;
            response
                .map_err(|error| format!("{error:?}"))?
                .to_json_string(&request, JsonFormat::Minified)
        }
        "get" => {
            let request = GetAssertionRequest::prepare(&origin, options, &settings)
                .await
                .map_err(|error| format!("{error:?}"))?;
            let mut channel = connect(QrCodeOperationHint::GetAssertionRequest).await?;
            let response = channel.webauthn_get_assertion(&request).await;
            channel.close().await;
            let response = response.map_err(|error| format!("{error:?}"))?;
            let assertion = response.assertions.first().ok_or("no assertion")?;
            assertion.to_json_string(&request, JsonFormat::Minified)
        }
        other => return Err(format!("neither create nor get: {other}").into()),
    };
    println!("{}", answer.map_err(|error| format!("{error:?}"))?);
    Ok(())
}

/// Shows a code and waits for the phone that sees it.
async fn connect(hint: QrCodeOperationHint) -> Result<HybridChannel, Box<dyn Error>> {
    let device = PxpQrCodeDevice::new_transient(hint, PxpTransports::CloudAssistedOnly);
    let mut device = device.map_err(|error| format!("{error:?}"))?;
    println!("{}", device.qr_code);
    let channel = device.channel(ChannelSettings::default()).await;
    channel.map_err(|error| format!("{error:?}").into())
}

/// All that the tests need: `localhost` has no suffix that others share.
struct OneLabel;

impl PublicSuffixList for OneLabel {
    fn public_suffix(&self, host: &str) -> Option<String> {
        host.rsplit('.').next().map(str::to_owned)
    }
}

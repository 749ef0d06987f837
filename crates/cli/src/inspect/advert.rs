//! `hawser inspect advert`: what an advert says to whoever has the QR code.

use std::process::ExitCode;

use clap::Args;
use data_encoding::HEXLOWER;
use hawser_proto::advert::SERVICE_DATA_LEN;
use hawser_proto::{Advert as Opened, QrSecret};
use hawser_wire::TunnelPath;
use serde_json::json;

use super::print;
use crate::argument;
use crate::ending::{Ending, FAILED, Failure};
use crate::output;

/// Decrypt the service data of a Bluetooth advert with the secret of a QR code.
///
/// The exit code is 1 when the advert belongs to another code, as most adverts do.
#[derive(Debug, Args)]
pub(super) struct Advert {
    /// Key 1 of the QR code: 32 hex digits. With `-` it is read from standard input.
    #[arg(long, value_name = "HEX", allow_hyphen_values = true)]
    qr_secret: String,
    /// Service data under UUID 0xFFF9 or 0xFDE2, without the UUID: 40 hex digits or more.
    #[arg(long, value_name = "HEX")]
    service_data: String,
    /// Print one JSON object: `match`, `routing_id`, `domain_id`, `domain`, `nonce`, `tunnel_id`, `url`; bytes as lower-case hex.
    #[arg(long)]
    json: bool,
}

impl Advert {
    pub(super) fn run(self) -> Ending {
        let secret = self.secret()?;
        let service_data = argument::hex("--service-data", &self.service_data)?;
        if service_data.len() < SERVICE_DATA_LEN {
            let words = format!(
                "cut off: an advert has {SERVICE_DATA_LEN} bytes or more, this is {}",
                service_data.len()
            );
            return Err(Failure::wrong(&words).about("--service-data"));
        }
        let Some(advert) = Opened::open(&secret.eid_key(), &service_data) else {
            output::print_line(&if self.json {
                json!({"match": false}).to_string()
            } else {
                "no match: this advert belongs to another QR code".to_owned()
            })?;
            return Ok(ExitCode::from(FAILED));
        };
        let (domain, tunnel_id) = (advert.domain(), secret.tunnel_id());
        let url = domain.url(&TunnelPath::Connect(advert.routing_id(), tunnel_id));
        let fields = [
            ("match", json!(true)),
            (
                "routing_id",
                HEXLOWER.encode(advert.routing_id().as_bytes()).into(),
            ),
            ("domain_id", domain.id().into()),
            ("domain", domain.host().into()),
            ("nonce", HEXLOWER.encode(advert.nonce()).into()),
            ("tunnel_id", HEXLOWER.encode(tunnel_id.as_bytes()).into()),
            ("url", url.into()),
        ];
        print(&fields, self.json)?;
        Ok(ExitCode::SUCCESS)
    }

    fn secret(&self) -> Result<QrSecret, Failure> {
        let text = argument::or_input(&self.qr_secret)?;
        let bytes = argument::hex("--qr-secret", text.trim())?;
        let bytes: [u8; QrSecret::LEN] = bytes.as_slice().try_into().map_err(|_| {
            let words = format!(
                "{} bytes are expected, this is {}",
                QrSecret::LEN,
                bytes.len()
            );
            Failure::wrong(&words).about("--qr-secret")
        })?;
        Ok(QrSecret::from_bytes(bytes))
    }
}

//! `hawser inspect qr`: what a QR code says.

use std::process::ExitCode;

use clap::Args;
use data_encoding::HEXLOWER;
use hawser_proto::Invitation;
use serde_json::{Value, json};

use super::print;
use crate::argument;
use crate::ending::{Ending, Failure};

/// Show what a QR code says: whose key, which tunnel, what for.
#[derive(Debug, Args)]
pub(super) struct Qr {
    /// The text of the code: FIDO:/ and digits. With `-` it is read from standard input.
    #[arg(value_name = "URI", allow_hyphen_values = true)]
    uri: String,
    /// Print one JSON object: `public_key`, `known_domains`, `timestamp`, `linking`, `hint`, `tunnel_id`; bytes as lower-case hex.
    #[arg(long)]
    json: bool,
    /// Show `qr_secret` as well. Whoever knows it can take the phone's place.
    #[arg(long)]
    show_secrets: bool,
}

impl Qr {
    pub(super) fn run(self) -> Ending {
        let text = argument::or_input(&self.uri)?;
        let invitation =
            Invitation::parse(text.trim()).map_err(|error| Failure::malformed(&error))?;
        let public_key = HEXLOWER.encode(&invitation.public_key().to_compressed());
        let tunnel_id = HEXLOWER.encode(invitation.tunnel_id().as_bytes());
        let mut fields = vec![
            ("public_key", Value::from(public_key)),
            ("known_domains", json!(invitation.known_domains())),
            ("timestamp", json!(invitation.timestamp())),
            ("linking", json!(invitation.linking())),
            ("hint", json!(invitation.hint().as_str())),
            ("tunnel_id", Value::from(tunnel_id)),
        ];
        if self.show_secrets {
            let secret = HEXLOWER.encode(invitation.secret().expose());
            fields.push(("qr_secret", Value::from(secret)));
        }
        print(&fields, self.json)?;
        Ok(ExitCode::SUCCESS)
    }
}

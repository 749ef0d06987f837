//! `hawser inspect`: what a QR code or an advert says.
//!
//! | module | subcommand |
//! |---|---|
//! | [`qr`] | `hawser inspect qr` |
//! | [`advert`] | `hawser inspect advert` |

mod advert;
mod qr;

use clap::{Args, Subcommand};
use serde_json::Value;

use crate::ending::{Ending, Failure};
use crate::output;

/// Show what a QR code or a Bluetooth advert says.
#[derive(Debug, Args)]
pub(crate) struct Inspect {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    #[command(after_help = crate::EXIT_CODES)]
    Qr(qr::Qr),
    #[command(after_help = crate::EXIT_CODES)]
    Advert(advert::Advert),
}

impl Inspect {
    pub(crate) fn run(self) -> Ending {
        match self.what {
            What::Qr(qr) => qr.run(),
            What::Advert(advert) => advert.run(),
        }
    }
}

/// What was found: for a person a table, for a program one JSON object in a line.
fn print(fields: &[(&str, Value)], json: bool) -> Result<(), Failure> {
    if json {
        let fields = fields.iter().cloned();
        let object: serde_json::Map<_, _> = fields
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        return output::print_line(&Value::Object(object).to_string());
    }
    let widest = fields.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, value) in fields {
        let value = match value {
            Value::String(text) => text.clone(),
            Value::Null => "not said".to_owned(),
            Value::Bool(true) => "yes".to_owned(),
            Value::Bool(false) => "no".to_owned(),
            value => value.to_string(),
        };
        let name = name.replace('_', " ");
        output::print_line(&format!("{name:<widest$}  {value}"))?;
    }
    Ok(())
}

//! The one derivation of the key schedule.

use hawser_proto::key_schedule::{self, Purpose};

use crate::vector::{Outcome, Vector};

pub(crate) fn check(vector: &Vector) -> Outcome {
    let secret = vector.bytes("secret")?;
    let salt = vector.bytes("salt")?;
    let number: u32 = vector.number("purpose")?;
    let purpose = purpose(number).ok_or("no such purpose")?;
    let info = data_encoding::HEXLOWER.encode(&purpose.number().to_le_bytes());
    vector.expect_input("info", info)?;
    let output = match vector.number::<usize>("length")? {
        16 => key_schedule::derive::<16>(&secret, &salt, purpose).to_vec(),
        32 => key_schedule::derive::<32>(&secret, &salt, purpose).to_vec(),
        64 => key_schedule::derive::<64>(&secret, &salt, purpose).to_vec(),
        other => return Err(format!("nothing has {other} bytes").into()),
    };
    vector.expect_bytes("/output", output)
}

fn purpose(number: u32) -> Option<Purpose> {
    [
        Purpose::EidKey,
        Purpose::TunnelId,
        Purpose::Psk,
        Purpose::LinkSecret,
        Purpose::IdentitySeed,
        Purpose::ContactSecret,
    ]
    .into_iter()
    .find(|purpose| purpose.number() == number)
}

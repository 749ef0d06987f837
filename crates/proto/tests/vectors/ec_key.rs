//! Keys from seeds, as `BoringSSL` and so Chromium make them.

use hawser_proto::{PrivateKey, PublicKey};

use crate::vector::{Outcome, Vector, ensure};

pub(crate) fn check(vector: &Vector) -> Outcome {
    let key = PrivateKey::from_seed(&vector.bytes("secret")?)?;
    vector.expect_bytes("/private", key.expose())?;
    let public = key.public_key();
    vector.expect_bytes("/public_uncompressed", public.as_bytes())?;
    if vector.expects("/public_compressed") {
        vector.expect_bytes("/public_compressed", public.to_compressed())?;
        let read = PublicKey::from_compressed(&vector.expected_bytes("/public_compressed")?)?;
        ensure(read == public, "the compressed key is not read back")?;
    }
    Ok(())
}

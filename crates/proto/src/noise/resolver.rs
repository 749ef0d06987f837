//! P-256 for the Noise library, on keys that are checked when they are made.
//!
//! `snow` brings a P-256 of its own, which panics on key lengths and scalars that are out of range;
//! a fresh ephemeral key is, once in 2^32 times. Here every key is a [`PrivateKey`] or a
//! [`PublicKey`] before it is used, and whatever is none ends in an error. Hash and cipher are those
//! that `snow` brings.

use snow::params::{CipherChoice, DHChoice, HashChoice};
use snow::resolvers::{CryptoResolver, DefaultResolver};
use snow::types::{Cipher, Dh, Hash, Random};

use crate::keys::{PrivateKey, PublicKey};

/// Gives a handshake its primitives, and the ephemeral key that was drawn for it.
pub(super) struct Resolver {
    pub(super) ephemeral: PrivateKey,
}

impl CryptoResolver for Resolver {
    fn resolve_rng(&self) -> Option<Box<dyn Random>> {
        Some(Box::new(Drawn(Some(self.ephemeral.clone()))))
    }

    fn resolve_dh(&self, choice: &DHChoice) -> Option<Box<dyn Dh>> {
        match choice {
            DHChoice::P256 => Some(Box::<P256>::default()),
            _ => None,
        }
    }

    fn resolve_hash(&self, choice: &HashChoice) -> Option<Box<dyn Hash>> {
        DefaultResolver.resolve_hash(choice)
    }

    fn resolve_cipher(&self, choice: &CipherChoice) -> Option<Box<dyn Cipher>> {
        DefaultResolver.resolve_cipher(choice)
    }
}

/// The whole randomness of a handshake: one ephemeral key, drawn before. It can be had once.
struct Drawn(Option<PrivateKey>);

impl Random for Drawn {
    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), snow::Error> {
        let key = self.0.take().ok_or(snow::Error::Rng)?;
        put(key.expose(), dest).ok_or(snow::Error::Rng)
    }
}

/// Diffie-Hellman on P-256: 65-byte public keys, 32-byte private keys and results.
///
/// `set` and `pubkey` cannot fail in `snow`'s trait, so a bad key becomes no key: zeros as the
/// public key, and an error from `dh`.
#[derive(Default)]
struct P256(Option<Pair>);

struct Pair {
    private: PrivateKey,
    public: PublicKey,
}

impl P256 {
    fn install(&mut self, private: &[u8]) -> Result<(), snow::Error> {
        self.0 = <&[u8; PrivateKey::LEN]>::try_from(private)
            .ok()
            .and_then(|bytes| PrivateKey::from_bytes(bytes).ok())
            .map(|private| Pair {
                public: private.public_key(),
                private,
            });
        self.0.as_ref().map(|_| ()).ok_or(snow::Error::Dh)
    }
}

impl Dh for P256 {
    fn name(&self) -> &'static str {
        "P256"
    }

    fn pub_len(&self) -> usize {
        PublicKey::LEN
    }

    fn priv_len(&self) -> usize {
        PrivateKey::LEN
    }

    fn dh_len(&self) -> usize {
        PrivateKey::LEN
    }

    fn set(&mut self, private: &[u8]) {
        // The trait has no way to say so here; `dh` does.
        let _ = self.install(private);
    }

    fn generate(&mut self, rng: &mut dyn Random) -> Result<(), snow::Error> {
        let mut bytes = zeroize::Zeroizing::new([0; PrivateKey::LEN]);
        rng.try_fill_bytes(bytes.as_mut())?;
        self.install(bytes.as_ref())
    }

    fn pubkey(&self) -> &[u8] {
        self.0
            .as_ref()
            .map_or(&[0; PublicKey::LEN], |pair| pair.public.as_bytes())
    }

    fn privkey(&self) -> &[u8] {
        self.0
            .as_ref()
            .map_or(&[0; PrivateKey::LEN], |pair| pair.private.expose())
    }

    fn dh(&self, public: &[u8], out: &mut [u8]) -> Result<(), snow::Error> {
        let pair = self.0.as_ref().ok_or(snow::Error::Dh)?;
        let peer = PublicKey::from_uncompressed(public).map_err(|_| snow::Error::Dh)?;
        let shared = pair.private.diffie_hellman(&peer);
        put(shared.expose(), out).ok_or(snow::Error::Dh)
    }
}

/// Copies to the start of `to`; `None` when it is too short.
fn put(from: &[u8], to: &mut [u8]) -> Option<()> {
    to.get_mut(..from.len())?.copy_from_slice(from);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The order of the curve: the first scalar that is too large.
    const ORDER: [u8; 32] = [
        0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xBC,
        0xE6, 0xFA, 0xAD, 0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51,
    ];

    fn peer() -> PublicKey {
        PrivateKey::from_bytes(&[4; 32]).unwrap().public_key()
    }

    fn dh_of(private: &[u8], public: &[u8]) -> Result<[u8; 32], snow::Error> {
        let mut dh = P256::default();
        dh.set(private);
        let mut out = [0; 32];
        dh.dh(public, &mut out).map(|()| out)
    }

    #[test]
    fn both_sides_get_the_same_result() {
        let own = PrivateKey::from_bytes(&[2; 32]).unwrap().public_key();
        let ours = dh_of(&[2; 32], peer().as_bytes()).unwrap();
        assert_eq!(ours, dh_of(&[4; 32], own.as_bytes()).unwrap());
        assert_ne!(ours, [0; 32]);
    }

    /// Each of these panics in the P-256 that the Noise library brings.
    #[test]
    fn bad_private_keys_end_in_an_error() {
        for private in [&[2; 33][..], &[2; 31], &[], &[0; 32], &ORDER, &[0xFF; 32]] {
            let mut dh = P256::default();
            dh.set(&[2; 32]);
            dh.set(private);
            assert_eq!(dh.pubkey(), [0; 65], "the old key must be gone");
            assert_eq!(dh.privkey(), [0; 32]);
            let mut out = [0; 32];
            let result = dh.dh(peer().as_bytes(), &mut out);
            assert_eq!(result, Err(snow::Error::Dh));
        }
    }

    #[test]
    fn bad_public_keys_end_in_an_error() {
        let good = *peer().as_bytes();
        let mut off_curve = good;
        off_curve[64] ^= 1;
        let mut longer = good.to_vec();
        longer.push(0);
        for public in [
            &peer().to_compressed()[..],
            &longer,
            &good[..64],
            &[],
            &[0],
            &off_curve,
        ] {
            assert_eq!(dh_of(&[2; 32], public), Err(snow::Error::Dh));
        }
    }

    #[test]
    fn a_short_output_is_an_error() {
        let mut dh = P256::default();
        dh.set(&[2; 32]);
        assert_eq!(dh.dh(peer().as_bytes(), &mut [0; 31]), Err(snow::Error::Dh));
    }

    #[test]
    fn the_drawn_key_comes_once() {
        let ephemeral = PrivateKey::from_bytes(&[3; 32]).unwrap();
        let mut rng = Resolver { ephemeral }.resolve_rng().unwrap();
        let mut dh = P256::default();
        assert_eq!(dh.generate(&mut *rng), Ok(()));
        assert_eq!(dh.privkey(), [3; 32]);
        assert_eq!(dh.generate(&mut *rng), Err(snow::Error::Rng));
    }

    #[test]
    fn a_bad_draw_is_an_error() {
        struct Zeros;
        impl Random for Zeros {
            fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), snow::Error> {
                dest.fill(0);
                Ok(())
            }
        }
        assert_eq!(P256::default().generate(&mut Zeros), Err(snow::Error::Dh));
    }

    #[test]
    fn only_p256_is_resolved() {
        let ephemeral = PrivateKey::from_bytes(&[3; 32]).unwrap();
        let resolver = Resolver { ephemeral };
        assert!(resolver.resolve_dh(&DHChoice::P256).is_some());
        assert!(resolver.resolve_dh(&DHChoice::Curve25519).is_none());
    }
}

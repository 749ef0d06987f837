//! By what an instance knows that a request comes from another one: a token that fits this request
//! alone, for seconds, once.
//!
//! `v1 <seconds since 1970> <nonce> <HMAC-SHA256 of all that and of the path>`, in hex. The path has
//! the routing id and the tunnel id, so a token cannot be used for another tunnel or instance.

use std::time::{Duration, SystemTime};

use data_encoding::HEXLOWER;
use ring::rand::{SecureRandom as _, SystemRandom};

use super::key::Keys;
use super::replay::{Nonce, Replays, Seen};

/// How far the clocks of two instances may be apart, with the time on the way. Machines that keep
/// their clocks are apart by milliseconds.
pub(super) const LIFE: Duration = Duration::from_secs(10);

/// What a token is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Another instance asks.
    Peer,
    /// Somebody else does: forged, for another path, or unreadable.
    Forged,
    /// It was made too long ago, or in the future.
    Expired,
    /// It was here before.
    Replayed,
    /// There is no room to remember it.
    NoRoom,
}

/// Makes a token for a request. `None` when the system has no random numbers.
pub(super) fn mint(keys: &Keys, path: &str, now: SystemTime) -> Option<String> {
    let mut nonce = Nonce::default();
    SystemRandom::new().fill(&mut nonce).ok()?;
    let signed = signed_part(seconds(now), &HEXLOWER.encode(&nonce));
    let tag = keys.sign(&message(&signed, path));
    Some(format!("{signed} {}", HEXLOWER.encode(tag.as_ref())))
}

pub(super) fn verify(
    keys: &Keys,
    replays: &Replays,
    token: &[u8],
    path: &str,
    now: SystemTime,
) -> Verdict {
    let Some((made, nonce)) = authentic(keys, token, path) else {
        return Verdict::Forged;
    };
    if seconds(now).abs_diff(made) > LIFE.as_secs() {
        return Verdict::Expired;
    }
    match replays.remember(nonce, now) {
        Seen::Never => Verdict::Peer,
        Seen::Before => Verdict::Replayed,
        Seen::NoRoom => Verdict::NoRoom,
    }
}

/// When a token was made, and its nonce, if it is one for this path.
fn authentic(keys: &Keys, token: &[u8], path: &str) -> Option<(u64, Nonce)> {
    let token = std::str::from_utf8(token).ok()?;
    let (signed, tag) = token.rsplit_once(' ')?;
    let tag = HEXLOWER.decode(tag.as_bytes()).ok()?;
    if !keys.verify(&message(signed, path), &tag) {
        return None;
    }
    let mut parts = signed.split(' ');
    let (version, made, nonce) = (parts.next()?, parts.next()?, parts.next()?);
    if version != VERSION || parts.next().is_some() {
        return None;
    }
    let nonce = HEXLOWER.decode(nonce.as_bytes()).ok()?;
    Some((made.parse().ok()?, nonce.try_into().ok()?))
}

const VERSION: &str = "v1";

fn signed_part(seconds: u64, nonce: &str) -> String {
    format!("{VERSION} {seconds} {nonce}")
}

/// What the tag is of. A line break is in neither part, so the two cannot be shifted.
fn message(signed: &str, path: &str) -> Vec<u8> {
    format!("hawser peer\n{signed}\n{path}").into_bytes()
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::key::tests::{ONE, TWO, keys};
    use super::*;

    const PATH: &str = "/cable/connect/001234/3EEF97097986413B059EAA2A30D653D4";

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 + seconds)
    }

    fn token() -> String {
        mint(&keys(ONE), PATH, at(0)).unwrap()
    }

    fn judge(token: &str, path: &str, seconds: u64) -> Verdict {
        let replays = Replays::of_tokens(LIFE);
        verify(&keys(ONE), &replays, token.as_bytes(), path, at(seconds))
    }

    #[test]
    fn fits_one_path_one_key_and_some_seconds() {
        assert_eq!(judge(&token(), PATH, 0), Verdict::Peer);
        assert_eq!(judge(&token(), PATH, 10), Verdict::Peer);
        assert_eq!(judge(&token(), PATH, 11), Verdict::Expired);
        assert_eq!(
            judge(&token(), &PATH.replace("D4", "D5"), 0),
            Verdict::Forged
        );
        assert_eq!(
            judge(&token(), &PATH.replace("001234", "002234"), 0),
            Verdict::Forged
        );
        let foreign = mint(&keys(TWO), PATH, at(0)).unwrap();
        assert_eq!(judge(&foreign, PATH, 0), Verdict::Forged);
        let early = mint(&keys(ONE), PATH, at(11)).unwrap();
        assert_eq!(judge(&early, PATH, 0), Verdict::Expired);
    }

    #[test]
    fn is_good_once() {
        let (replays, keys, token) = (Replays::of_tokens(LIFE), keys(ONE), token());
        let verify = || verify(&keys, &replays, token.as_bytes(), PATH, at(1));
        assert_eq!(verify(), Verdict::Peer);
        assert_eq!(verify(), Verdict::Replayed);
    }

    #[test]
    fn is_good_once_whatever_the_moment_and_the_clocks() {
        let keys = keys(ONE);
        let at = |millis: u64| at(0) + Duration::from_millis(millis);
        for first in (500..42_000).step_by(300) {
            let (replays, made) = (Replays::of_tokens(LIFE), at(first) + LIFE);
            let judge = |token: &str, now| verify(&keys, &replays, token.as_bytes(), PATH, now);
            // The first of all starts the turns of the sets, in the middle of a second.
            let begin = mint(&keys, PATH, at(500)).unwrap();
            assert_eq!(judge(&begin, at(500)), Verdict::Peer);
            let token = mint(&keys, PATH, made).unwrap();
            assert_eq!(judge(&token, at(first)), Verdict::Peer, "{first}");
            for later in (first..first + 25_000).step_by(100) {
                // Others come all the time, and turn the sets.
                judge(&mint(&keys, PATH, at(later)).unwrap(), at(later));
                assert_ne!(judge(&token, at(later)), Verdict::Peer, "{first} {later}");
            }
        }
    }

    #[test]
    fn every_changed_character_shows() {
        let good = token();
        for at in 0..good.len() {
            let mut bad = good.clone().into_bytes();
            bad[at] ^= 1;
            let bad = String::from_utf8(bad).unwrap();
            assert_eq!(judge(&bad, PATH, 0), Verdict::Forged, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_are_a_token_by_accident(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let verdict = verify(&keys(ONE), &Replays::of_tokens(LIFE), &bytes, PATH, at(0));
            prop_assert_eq!(verdict, Verdict::Forged);
        }
    }
}

//! What is decoded once a stranger holds the right keys, or from an HTTP header: introductions, updates, linking information,
//! requests of linked laptops; and adverts before any key is known.

use std::sync::LazyLock;

use hawser_proto::{
    Advert, Link, LinkedAdvert, LinkedRequest, PostHandshake, PrivateKey, QrSecret, padding, update,
};
use hawser_wire::TunnelDomain;

static LAPTOP: LazyLock<PrivateKey> =
    LazyLock::new(|| PrivateKey::from_bytes(&[2; 32]).expect("a key"));

/// One case of this target; a panic is a find.
pub fn run(bytes: &[u8]) {
    if let Ok((introduction, linking)) = PostHandshake::decode(bytes) {
        assert!(PostHandshake::decode(&introduction.encode()).is_ok());
        verify(linking);
    }
    if let Ok(linking) = update::decode(bytes) {
        verify(linking);
    }
    if let Ok(request) = LinkedRequest::decode(bytes) {
        let again = LinkedRequest::decode(&request.encode()).expect("what was written here");
        assert_eq!(again.encode(), request.encode());
    }
    if let Ok(text) = str::from_utf8(bytes) {
        let _ = LinkedRequest::from_header(text);
    }
    let mut padded = bytes.to_vec();
    padding::pad(&mut padded);
    padding::unpad(&mut padded).expect("what was padded here");
    assert_eq!(padded, bytes);
    let _ = padding::unpad(&mut padded);
    let key = QrSecret::from_bytes([1; 16]).eid_key();
    let _ = (Advert::open(&key, bytes), LinkedAdvert::open(&key, bytes));
}

fn verify(linking: Option<&[u8]>) {
    if let Some(linking) = linking {
        let domain = TunnelDomain::from_id(266).expect("a domain");
        let _ = Link::verify(linking, &LAPTOP, &[7; 32], domain);
    }
}

//! Tunnel domains: host names by their number, and a digest of the whole table.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::LazyLock;

use data_encoding::HEXLOWER;
use hawser_wire::{DomainError, TunnelDomain};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::vector::{Outcome, Vector, ensure};

pub(crate) fn check(vector: &Vector) -> Outcome {
    if vector.has_input("construction") {
        return table(vector);
    }
    let id: u16 = vector.number("id")?;
    let domain = TunnelDomain::from_id(id);
    if let Err(error) = &domain {
        ensure(*error == DomainError::Unassigned(id), "refused otherwise")?;
    }
    vector.expect("/domain", domain.ok().map(TunnelDomain::host))?;

    if vector.expects("/sha256") {
        // The bytes behind the name; the assigned ones have none.
        let hashed = (id >= 256).then(|| {
            let name = b"caBLEv2 tunnel server domain";
            [&name[..], &id.to_le_bytes(), &[0]].concat()
        });
        let hex = |bytes: &Vec<u8>| HEXLOWER.encode(bytes);
        vector.expect_input("hash_input", hashed.as_ref().map(hex))?;
        let digest = hashed.map(|bytes| HEXLOWER.encode(&Sha256::digest(bytes)));
        vector.expect("/sha256", digest)?;
    }
    Ok(())
}

struct Table {
    digest: String,
    labels: BTreeMap<String, u64>,
    distinct: usize,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut text = String::new();
    let mut labels = BTreeMap::<String, u64>::new();
    let mut hosts = BTreeSet::new();
    for id in 256..=u16::MAX {
        let host = TunnelDomain::from_id(id).unwrap().host();
        writeln!(text, "{id} {host}").unwrap();
        let label = host.split('.').nth(1).unwrap();
        *labels.entry(label.len().to_string()).or_default() += 1;
        hosts.insert(host);
    }
    Table {
        digest: HEXLOWER.encode(&Sha256::digest(&text)),
        labels,
        distinct: hosts.len(),
    }
});

fn table(vector: &Vector) -> Outcome {
    let construction = "for id in 256..=65535: append decimal(id) + ' ' + domain + LF";
    vector.expect_input("construction", construction)?;
    vector.expect("/sha256", TABLE.digest.as_str())?;
    vector.expect("/distinct", TABLE.distinct)?;
    let labels = TABLE.labels.iter();
    let labels = labels.map(|(len, count)| (len.clone(), Value::from(*count)));
    vector.expect("/label_length_histogram", Value::Object(labels.collect()))
}

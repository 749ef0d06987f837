//! `hawser inspect` on codes and adverts from the field.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::json;

use crate::program::{Said, hawser, run};

/// A code that desktop Chrome showed in 2022.
const CHROME: &str = "FIDO:/162870791865632382552704231438327900152302540348097243854039966655366469794954476199158014113179232779520163209900691930075274801398564434658077048963842109321447142660";
/// One without key 4, and with keys that nobody knows.
const IPHONE_TRANSCRIPT: &str = "FIDO:/526655166081926790466861943578209849612861246703166115785136344826622391203681835852636216363878009120090945677715803150062612644112453027276793616139010001418644039521330016776985";

#[test]
fn a_code_says_what_it_says() {
    let said = run(&["inspect", "qr", CHROME, "--json"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert_eq!(said.out.lines().count(), 1);
    let tunnel_id = said.json()["tunnel_id"].clone();
    assert_eq!(tunnel_id.as_str().unwrap().len(), 32);
    assert_eq!(
        said.json(),
        json!({
            "public_key": "03dd39afaf50b1b5b05ac1dad0b2848a00c0f6ec4e65a25687ca4f3c71dae50bea",
            "known_domains": 2,
            "timestamp": 1_666_589_051,
            "linking": true,
            "hint": "mc",
            "tunnel_id": tunnel_id,
        })
    );
}

#[test]
fn what_a_code_does_not_say_is_null() {
    let said = run(&["inspect", "qr", IPHONE_TRANSCRIPT, "--json"]).json();
    assert!(said["linking"].is_null());
    assert_eq!(said["hint"], "ga");
    let table = run(&["inspect", "qr", IPHONE_TRANSCRIPT]).out;
    assert!(table.contains("linking        not said\n"), "{table}");
}

#[test]
fn secrets_are_shown_when_asked_for() {
    const SECRET: &str = "871bcec9c1227f91ccb86c9ffacd9eac";
    for more in [&[][..], &["--json"]] {
        let hidden = run(&[&["inspect", "qr", CHROME][..], more].concat());
        assert!(!hidden.out.contains(SECRET));
        let shown = run(&[&["inspect", "qr", CHROME, "--show-secrets"][..], more].concat());
        assert!(shown.out.contains(SECRET), "{}", shown.out);
    }
    let said = run(&["inspect", "qr", CHROME, "--json", "--show-secrets"]);
    assert_eq!(said.json()["qr_secret"], SECRET);
}

#[test]
fn a_code_may_come_from_standard_input() {
    let mut program = hawser(&["inspect", "qr", "-", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let input = format!("{}\n", CHROME.to_lowercase());
    program
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    let said = Said::from(program.wait_with_output().unwrap());
    assert_eq!(said.json()["hint"], "mc");
}

#[test]
fn malformed_codes_say_what_is_wrong_and_where() {
    for (code, words) in [
        ("http://example.com", "does not start with FIDO:/"),
        ("", "does not start with FIDO:/"),
        ("FIDO:/", "no digits"),
        ("FIDO:/12x45", "the character at offset 8"),
        ("FIDO:/999", "offset 6"),
        ("FIDO:/1", "cut off"),
        ("FIDO:/000", "no invitation"),
        (&CHROME[..CHROME.len() - 3], "cut off"),
    ] {
        run(&["inspect", "qr", code]).assert_malformed(words);
        run(&["inspect", "qr", code, "--json"]).assert_malformed(words);
    }
    let long = format!("FIDO:/{}", "1".repeat(5000));
    run(&["inspect", "qr", &long]).assert_malformed("5006 characters");
}

/// The worked adverts of the protocol: secret, service data, routing id, domain, nonce.
const ADVERTS: [(&str, &str, &str, u16, &str, &str); 2] = [
    (
        "01fea6f7c4807493dc256f9eacf756c9",
        "027d84ed6076b55e247c830f82955e4d126e7f43",
        "026555",
        0,
        "cable.ua5v.com",
        "8bb5c5c9a44d913a5eb2",
    ),
    (
        "97aa809b276911764f20b2921b6c7539",
        "9f4bc7c7ed77b8a021ba504084f19c55ab2a9e89",
        "4d5888",
        1,
        "cable.auth.com",
        "6832febb84eab2ff632c",
    ),
];

fn advert(secret: &str, data: &str) -> Said {
    run(&[
        "inspect",
        "advert",
        "--qr-secret",
        secret,
        "--service-data",
        data,
        "--json",
    ])
}

#[test]
fn adverts_of_real_phones_open() {
    for (secret, data, routing_id, domain_id, domain, nonce) in ADVERTS {
        let said = advert(secret, data);
        assert_eq!(said.code, Some(0), "{}", said.err);
        let found = said.json();
        let tunnel_id = found["tunnel_id"].as_str().unwrap();
        let url = format!(
            "wss://{domain}/cable/connect/{}/{}",
            routing_id.to_uppercase(),
            tunnel_id.to_uppercase()
        );
        assert_eq!(
            found,
            json!({
                "match": true,
                "routing_id": routing_id,
                "domain_id": domain_id,
                "domain": domain,
                "nonce": nonce,
                "tunnel_id": tunnel_id,
                "url": url,
            })
        );
        // With what CTAP 2.3 puts behind the twenty bytes, and in capitals.
        let longer = format!("{}A1011882", data.to_uppercase());
        assert_eq!(advert(&secret.to_uppercase(), &longer).json(), found);
    }
}

#[test]
fn the_tunnel_id_is_that_of_the_code() {
    let code = run(&["inspect", "qr", IPHONE_TRANSCRIPT, "--json"]).json();
    let (secret, data, ..) = ADVERTS[1];
    assert_eq!(advert(secret, data).json()["tunnel_id"], code["tunnel_id"]);
}

#[test]
fn somebody_elses_advert_is_no_match() {
    let (secret, ..) = ADVERTS[0];
    let (_, data, ..) = ADVERTS[1];
    let said = advert(secret, data);
    assert_eq!((said.code, said.json()), (Some(1), json!({"match": false})));
    assert_eq!(said.err, "");
    let said = run(&[
        "inspect",
        "advert",
        "--qr-secret",
        secret,
        "--service-data",
        data,
    ]);
    assert_eq!(said.code, Some(1));
    assert!(said.out.starts_with("no match"), "{}", said.out);
}

#[test]
fn malformed_adverts_say_which_flag_and_where() {
    let (secret, data, ..) = ADVERTS[0];
    for (secret, data, words) in [
        (
            "01fe",
            data,
            "--qr-secret: 16 bytes are expected, this is 2",
        ),
        (
            "01fez6f7c4807493dc256f9eacf756c9",
            data,
            "--qr-secret: not a hex digit at offset 4",
        ),
        ("01f", data, "--qr-secret: a hex digit is missing"),
        (
            secret,
            &data[..39],
            "--service-data: a hex digit is missing",
        ),
        (
            secret,
            &data[..38],
            "--service-data: cut off: an advert has 20 bytes or more, this is 19",
        ),
        (secret, "", "--service-data: cut off"),
        (
            secret,
            "0x02",
            "--service-data: not a hex digit at offset 1",
        ),
    ] {
        advert(secret, data).assert_malformed(words);
    }
}

//! A certificate that is replaced while the relay runs.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hawser_relay::{CertificateMetrics, Tls};
use rustix::process::Signal;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use tokio_rustls::client::TlsStream;

use crate::certificate::{Authority, Files};
use crate::client::{ID, deliver, tls, upgrade};
use crate::program::{PATIENCE, Program};

const HOST: &str = "relay.example";

/// The certificate that a new connection is shown.
async fn shown(relay: &Program, authority: &Authority) -> CertificateDer<'static> {
    let stream = tls(relay.address(), &authority.client(), HOST)
        .await
        .unwrap();
    certificate_of(&stream)
}

fn certificate_of<S>(stream: &TlsStream<S>) -> CertificateDer<'static> {
    stream.get_ref().1.peer_certificates().unwrap()[0]
        .clone()
        .into_owned()
}

fn certificate_in(files: &Files) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(&files.certificate).unwrap()
}

async fn becomes_shown(relay: &Program, authority: &Authority, files: &Files) {
    let expected = certificate_in(files);
    tokio::time::timeout(PATIENCE, async {
        while shown(relay, authority).await != expected {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    })
    .await
    .expect("the new certificate is shown");
}

/// Puts `source` in the place of `target`, the key first, as an operator might.
fn copy(source: &Files, target: &Files) {
    std::fs::copy(&source.key, &target.key).unwrap();
    std::fs::copy(&source.certificate, &target.certificate).unwrap();
}

#[tokio::test]
async fn a_new_pair_is_shown_without_a_signal_and_old_connections_live_on() {
    let authority = Authority::new();
    let [used, next] = ["used", "next"].map(|name| authority.sign(name, HOST));
    let relay = Program::start(&used.flags());
    assert_eq!(shown(&relay, &authority).await, certificate_in(&used));
    let connect = || async {
        tls(relay.address(), &authority.client(), HOST)
            .await
            .unwrap()
    };
    let mut phone = upgrade(connect().await, &format!("/cable/new/{ID}"))
        .await
        .unwrap();
    let path = format!("/cable/connect/000000/{ID}");
    let mut laptop = upgrade(connect().await, &path).await.unwrap();

    copy(&next, &used);
    becomes_shown(&relay, &authority, &next).await;
    relay.logged(&["INFO", "the certificate was read again"]);
    assert!((relay.metric("hawser_relay_tls_reloads_total{result=\"done\"}") - 1.0).abs() < 0.1);
    deliver(&mut phone, &mut laptop, vec![3; 500]).await;
}

#[tokio::test]
async fn a_swapped_symlink_is_noticed_as_in_kubernetes() {
    let authority = Authority::new();
    let folder = authority.folder.path();
    let write = |version: &str| {
        let signed = authority.sign(version, HOST);
        let inner = folder.join(format!("..{version}"));
        std::fs::create_dir(&inner).unwrap();
        std::fs::rename(&signed.certificate, inner.join("tls.crt")).unwrap();
        std::fs::rename(&signed.key, inner.join("tls.key")).unwrap();
        Files {
            certificate: inner.join("tls.crt"),
            key: inner.join("tls.key"),
        }
    };
    let point_at = |version: &str| {
        symlink(format!("..{version}"), folder.join("..data_tmp")).unwrap();
        std::fs::rename(folder.join("..data_tmp"), folder.join("..data")).unwrap();
    };
    let first = write("2026_01");
    point_at("2026_01");
    for name in ["tls.crt", "tls.key"] {
        symlink(Path::new("..data").join(name), folder.join(name)).unwrap();
    }
    let mounted = Files {
        certificate: folder.join("tls.crt"),
        key: folder.join("tls.key"),
    };
    let relay = Program::start(&mounted.flags());
    assert_eq!(shown(&relay, &authority).await, certificate_in(&first));
    let second = write("2026_02");
    point_at("2026_02");
    std::fs::remove_dir_all(folder.join("..2026_01")).unwrap();
    becomes_shown(&relay, &authority, &second).await;
}

#[tokio::test]
async fn a_bad_pair_is_kept_out_told_of_and_the_old_one_stays() {
    let authority = Authority::new();
    let used = authority.sign("used", "cable.wufkweyy3uaxb.com");
    let good = certificate_in(&used);
    let mut flags = used.flags().to_vec();
    flags.extend(["--domain-id".into(), "266".into()]);
    let relay = Program::start(&flags);
    relay.address();
    let still_good = async || {
        let host = "cable.wufkweyy3uaxb.com";
        let stream = tls(relay.address(), &authority.client(), host)
            .await
            .unwrap();
        assert_eq!(certificate_of(&stream), good);
    };
    let refused = "hawser_relay_tls_reloads_total{result=\"refused\"}";
    let current = "hawser_relay_tls_last_reload_successful";
    assert!(relay.metric(current) > 0.5);

    let other = authority.sign("other", "cable.wufkweyy3uaxb.com");
    std::fs::copy(&other.key, &used.key).unwrap();
    relay.signal(Signal::HUP);
    relay.logged(&["ERROR", "the old one stays", "does not belong to"]);
    relay.metric_becomes(refused, |count| count > 0.5);
    relay.metric_becomes(current, |current| current < 0.5);
    still_good().await;

    copy(&authority.sign("elsewhere", HOST), &used);
    relay.signal(Signal::HUP);
    relay.logged(&[
        "ERROR",
        "the old one stays",
        "not for cable.wufkweyy3uaxb.com",
    ]);
    still_good().await;

    let expired = authority.sign_with("expired", "cable.wufkweyy3uaxb.com", |params| {
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2021, 1, 1);
    });
    copy(&expired, &used);
    relay.signal(Signal::HUP);
    relay.logged(&["ERROR", "the old one stays", "valid from 2020"]);
    still_good().await;

    std::fs::write(&used.certificate, "-----BEGIN CERTIFICATE-----\nrubbish").unwrap();
    relay.signal(Signal::HUP);
    relay.logged(&["ERROR", "the old one stays", "PEM"]);
    still_good().await;

    std::fs::remove_file(&used.key).unwrap();
    relay.signal(Signal::HUP);
    relay.logged(&["ERROR", "the old one stays", "cannot read"]);
    still_good().await;
    assert!(relay.metric("hawser_relay_tls_reloads_total{result=\"done\"}") < 0.5);
    let expiry = relay.metric("hawser_relay_tls_certificate_expiry_timestamp_seconds");
    assert!(expiry > 2e9, "of the one that is shown: {expiry}");

    copy(&other, &used);
    relay.signal(Signal::HUP);
    relay.metric_becomes(current, |current| current > 0.5);
}

/// As on a busy machine, where the first look at the files comes long after the start.
#[tokio::test(start_paused = true)]
async fn a_pair_that_changes_before_the_first_look_is_noticed() {
    let authority = Authority::new();
    let [used, next] = ["used", "next"].map(|name| authority.sign(name, HOST));
    for (changes, expected) in [(false, 0.0), (true, 1.0)] {
        let files = hawser_relay::tls::Files {
            certificate: used.certificate.clone(),
            key: used.key.clone(),
            host: None,
        };
        let pair = files.load().unwrap();
        let metrics = CertificateMetrics::new(pair.validity()).unwrap();
        let registry = prometheus::Registry::new();
        metrics.register(&registry).unwrap();
        if changes {
            copy(&next, &used);
        }
        let watch = files.watch(Tls::new(pair).unwrap(), metrics, Arc::default());
        tokio::time::timeout(Duration::from_secs(9), watch)
            .await
            .unwrap_err();
        let families = registry.gather();
        let reloads = families
            .iter()
            .find(|family| family.name() == "hawser_relay_tls_reloads_total")
            .unwrap();
        let counts: f64 = reloads
            .get_metric()
            .iter()
            .map(|metric| metric.get_counter().get_value())
            .sum();
        assert!((counts - expected).abs() < 0.1, "{counts} with {changes}");
    }
}

/// The clock may be wrong so early, and clients judge by their own.
#[tokio::test]
async fn an_expired_certificate_is_shown_from_the_start_with_a_warning() {
    let authority = Authority::new();
    let expired = authority.sign_with("expired", HOST, |params| {
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2021, 1, 1);
    });
    let relay = Program::start(&expired.flags());
    relay.logged(&["WARN", "valid from 2020-01-01T00:00:00Z", "set the clock"]);
    let refused = tls(relay.address(), &authority.client(), HOST).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("expired"), "{refused}");
    let expiry = relay.metric("hawser_relay_tls_certificate_expiry_timestamp_seconds");
    assert!((expiry - 1_609_459_200.0).abs() < 0.5, "{expiry}");
}

#[tokio::test]
async fn sighup_reads_it_at_once_and_without_tls_does_nothing() {
    let authority = Authority::new();
    let [used, next] = ["used", "next"].map(|name| authority.sign(name, HOST));
    let relay = Program::start(&used.flags());
    relay.address();
    copy(&next, &used);
    relay.signal(Signal::HUP);
    becomes_shown(&relay, &authority, &next).await;

    let plain = Program::start::<&str>(&[]);
    plain.address();
    plain.signal(Signal::HUP);
    assert_eq!(plain.get("/readyz").0, 200);
}

//! The scanner and the advertiser of `hawser-radio` on the BlueZ stand-in.
#![cfg(target_os = "linux")]
#![expect(clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use hawser_interop::bluez::{Adapter, Advert, Advertising, BluezStandIn, Settings};
use hawser_interop::bus::{Permission, PrivateBus};
use hawser_laptop::{ScanError, Scanner as _};
use hawser_phone::{AdvertiseError, Advertiser as _};
use hawser_radio::bluez::{Advertiser, BluezError, Scanner, check_on_bus};
use tokio::time::timeout;
use zbus::{Connection, Variant, connection};

const FIDO: u16 = 0xFFF9;
const LEGACY: u16 = 0xFDE2;

#[tokio::test]
async fn the_laptop_hears_what_the_phone_advertises() {
    let bluez = stand_in(Settings::default()).await;
    let (mut scanner, advertiser) = (
        Scanner::on_bus(bluez.address()),
        Advertiser::on_bus(bluez.address()),
    );
    let guard = advertiser.advertise(&[7; 20]).await.expect("an advert");
    assert_eq!(next(&mut scanner).await, [7; 20]);
    assert_eq!(bluez.radio().on_air, [Advert::under(FIDO, &[7; 20])]);
    drop(guard);
    within(bluez.until(|radio| radio.on_air.is_empty())).await;
}

/// BlueZ reports hundreds of devices before it answers the next call, and they must not be in the way of that answer.
#[tokio::test]
async fn a_scan_starts_in_a_crowd() {
    let bluez = stand_in(Settings::default()).await;
    let mut crowd = Vec::new();
    for n in 0..500_u16 {
        let data = [&[0_u8; 18][..], &n.to_be_bytes()].concat();
        crowd.push(bluez.transmit(FIDO, &data).await);
    }
    within(bluez.until(|radio| radio.on_air.len() == 500)).await;
    let mut scanner = Scanner::on_bus(bluez.address());
    next(&mut scanner).await;
}

/// A laptop shows its code after that.
#[tokio::test]
async fn a_scan_that_has_started_is_under_way() {
    let bluez = stand_in(Settings::default()).await;
    let mut scanner = Scanner::on_bus(bluez.address());
    within(scanner.start()).await.expect("a scan");
    assert_eq!(bluez.radio().scanners, 1);
    within(scanner.start()).await.expect("the same scan");
    bluez.pass_by(FIDO, &[5; 20]).await;
    assert_eq!(next(&mut scanner).await, [5; 20]);
}

#[tokio::test]
async fn a_scan_that_cannot_start_says_why_and_may_be_tried_again() {
    let bluez = stand_in(with_adapter(Adapter::Off)).await;
    let mut scanner = Scanner::on_bus(bluez.address());
    for _ in 0..2 {
        let started = within(scanner.start()).await;
        assert!(matches!(started, Err(ScanError::PoweredOff)), "{started:?}");
    }
}

#[tokio::test]
async fn a_scan_hears_what_was_on_the_air_before_and_what_comes_later() {
    let bluez = stand_in(Settings::default()).await;
    let _early = bluez.transmit(FIDO, &[1; 20]).await;
    let mut scanner = Scanner::on_bus(bluez.address());
    assert_eq!(next(&mut scanner).await, [1; 20]);
    let _late = bluez.transmit(LEGACY, &[2; 20]).await;
    while next(&mut scanner).await != [2; 20] {}
}

#[tokio::test]
async fn the_same_advert_is_heard_again() {
    let bluez = stand_in(Settings::default()).await;
    let mut scanner = Scanner::on_bus(bluez.address());
    let _on_air = bluez.transmit(FIDO, &[1; 20]).await;
    for _ in 0..3 {
        assert_eq!(next(&mut scanner).await, [1; 20]);
    }
}

#[tokio::test]
async fn a_thousand_strangers_hide_nobody() {
    let bluez = stand_in(Settings::default()).await;
    let mut scanner = Scanner::on_bus(bluez.address());
    let listening = async {
        let mut strangers = 0;
        loop {
            match next(&mut scanner).await.as_slice() {
                [9, ..] => return strangers,
                _ => strangers += 1,
            }
        }
    };
    let transmitting = async {
        bluez.until(|radio| radio.scanners == 1).await;
        for n in 0..1000_u16 {
            bluez
                .pass_by(FIDO, &[&[0_u8; 18][..], &n.to_be_bytes()].concat())
                .await;
        }
        bluez.transmit(FIDO, &[9; 20]).await
    };
    let (strangers, _on_air) = tokio::join!(listening, transmitting);
    assert!(strangers > 900, "only {strangers} of 1,000 were heard");
}

#[tokio::test]
async fn junk_is_passed_on_and_other_services_are_not() {
    let bluez = stand_in(Settings::default()).await;
    let mut scanner = Scanner::on_bus(bluez.address());
    let _other = bluez.transmit(0x180F, &[3; 20]).await;
    let _junk = bluez.transmit(FIDO, &[]).await;
    let _long = bluez.transmit(FIDO, &[4; 200]).await;
    for _ in 0..10 {
        let heard = next(&mut scanner).await;
        assert!(heard.is_empty() || heard == [4; 200], "{heard:?}");
    }
}

#[tokio::test]
async fn dropping_the_scanner_ends_the_scan() {
    let bluez = stand_in(Settings::default()).await;
    let mut scanner = Scanner::on_bus(bluez.address());
    let _on_air = bluez.transmit(FIDO, &[1; 20]).await;
    next(&mut scanner).await;
    assert_eq!(bluez.radio().scanners, 1);
    drop(scanner);
    within(bluez.until(|radio| radio.scanners == 0)).await;
}

#[tokio::test]
async fn a_dropped_call_loses_no_advert_and_keeps_the_scan() {
    let bluez = stand_in(Settings::default()).await;
    let mut scanner = Scanner::on_bus(bluez.address());
    tokio::select! {
        heard = scanner.next() => panic!("heard {heard:?} on an empty air"),
        _ = bluez.until(|radio| radio.scanners == 1) => {}
    }
    bluez.pass_by(FIDO, &[5; 20]).await;
    assert_eq!(next(&mut scanner).await, [5; 20]);
}

#[tokio::test]
async fn a_cancelled_advertise_leaves_nothing_on_the_air() {
    let bluez = stand_in(Settings::default()).await;
    let advertiser = Advertiser::on_bus(bluez.address());
    tokio::select! {
        _ = advertiser.advertise(&[7; 20]) => panic!("nobody waited for the guard"),
        _ = bluez.until(|radio| !radio.on_air.is_empty()) => {}
    }
    within(bluez.until(|radio| radio.on_air.is_empty())).await;
}

#[tokio::test]
async fn no_bus() {
    let address = "unix:path=/nonexistent/socket";
    let checked = check_on_bus(address).await.expect_err("there is no bus");
    assert!(matches!(checked, BluezError::NoBus(_)), "{checked:?}");
    assert_eq!(scan_error(address).await, "NoBus");
    assert_eq!(advertise_error(address).await, "NoBus");
}

#[tokio::test]
async fn no_bluetoothd() {
    let bus = PrivateBus::start(Permission::Granted).expect("a bus");
    let checked = check_on_bus(bus.address())
        .await
        .expect_err("nobody is on the bus");
    assert!(matches!(checked, BluezError::NoDaemon(_)), "{checked:?}");
    assert_eq!(scan_error(bus.address()).await, "NoDaemon");
    assert_eq!(advertise_error(bus.address()).await, "NoDaemon");
}

#[tokio::test]
async fn no_adapter() {
    let bluez = stand_in(with_adapter(Adapter::Absent)).await;
    assert_eq!(scan_error(bluez.address()).await, "NoAdapter");
    assert_eq!(advertise_error(bluez.address()).await, "NoAdapter");
}

#[tokio::test]
async fn adapter_off() {
    let bluez = stand_in(with_adapter(Adapter::Off)).await;
    assert_eq!(scan_error(bluez.address()).await, "PoweredOff");
    assert_eq!(advertise_error(bluez.address()).await, "PoweredOff");
    bluez.power(true).await;
    assert!(
        check_on_bus(bluez.address())
            .await
            .expect("an adapter")
            .can_advertise
    );
}

#[tokio::test]
async fn permission_denied() {
    let mut settings = Settings::default();
    settings.permission = Permission::Denied;
    let bluez = stand_in(settings).await;
    assert_eq!(scan_error(bluez.address()).await, "NotPermitted");
    assert_eq!(advertise_error(bluez.address()).await, "NotPermitted");
}

#[tokio::test]
async fn advertising_not_supported() {
    let bluez = stand_in(with_advertising(Advertising::Unsupported)).await;
    assert!(
        !check_on_bus(bluez.address())
            .await
            .expect("an adapter")
            .can_advertise
    );
    assert_eq!(advertise_error(bluez.address()).await, "CannotAdvertise");
    let full = stand_in(with_advertising(Advertising::Full)).await;
    assert_eq!(advertise_error(full.address()).await, "Busy");
    let broken = stand_in(with_advertising(Advertising::Broken)).await;
    assert_eq!(advertise_error(broken.address()).await, "Refused");
}

#[tokio::test]
async fn every_error_says_what_to_do_and_no_two_say_the_same() {
    let off = stand_in(with_adapter(Adapter::Off)).await;
    let absent = stand_in(with_adapter(Adapter::Absent)).await;
    let bus = PrivateBus::start(Permission::Granted).expect("a bus");
    let mut said = Vec::new();
    for address in [
        off.address(),
        absent.address(),
        bus.address(),
        "unix:path=/nonexistent/socket",
    ] {
        let message = check_on_bus(address)
            .await
            .expect_err("Bluetooth does not work")
            .to_string();
        assert!(message.contains(": "), "{message} gives no advice");
        said.push(message);
    }
    said.sort();
    said.dedup();
    assert_eq!(said.len(), 4);
}

#[tokio::test]
async fn a_scan_ends_with_the_adapter_and_with_the_daemon() {
    let bluez = stand_in(Settings::default()).await;
    let mut scanner = Scanner::on_bus(bluez.address());
    let (error, ()) = tokio::join!(scanner.next(), async {
        bluez.until(|radio| radio.scanners == 1).await;
        bluez.power(false).await;
    });
    assert!(matches!(error, Err(ScanError::PoweredOff)), "{error:?}");

    // The same scanner starts again once Bluetooth is back.
    bluez.power(true).await;
    let bus = Arc::clone(bluez.bus());
    let (error, ()) = tokio::join!(within(scanner.next()), async {
        bluez.until(|radio| radio.scanners == 1).await;
        drop(bluez);
    });
    assert!(
        matches!(error, Err(ScanError::ServiceUnavailable(_))),
        "{error:?}"
    );
    drop(bus);
}

#[tokio::test]
async fn two_phones_share_one_adapter() {
    let bluez = stand_in(Settings::default()).await;
    let advertiser = Advertiser::on_bus(bluez.address());
    let first = advertiser.advertise(&[1; 20]).await.expect("an advert");
    let _second = advertiser.advertise(&[2; 20]).await.expect("an advert");
    drop(first);
    let radio = within(bluez.until(|radio| radio.on_air.len() == 1)).await;
    assert_eq!(radio.on_air, [Advert::under(FIDO, &[2; 20])]);
}

/// 20 bytes, the UUID list and three bytes of flags fill a legacy advert; BlueZ refuses more.
#[tokio::test]
async fn a_long_advert_is_refused() {
    let bluez = stand_in(Settings::default()).await;
    let advertiser = Advertiser::on_bus(bluez.address());
    let error = advertiser
        .advertise(&[0; 24])
        .await
        .expect_err("28 bytes and a UUID list");
    assert!(matches!(error, AdvertiseError::Other(_)), "{error:?}");
    assert!(bluez.radio().on_air.is_empty());
}

/// What the stand-in is for: a program that filters by service UUID must fail here as it fails on BlueZ.
#[tokio::test]
async fn a_scan_with_a_uuid_filter_is_deaf() {
    let bluez = stand_in(Settings::default()).await;
    let client = connection::Builder::address(bluez.address())
        .build()
        .await
        .expect("the bus");
    let uuids = vec!["0000fff9-0000-1000-8000-00805f9b34fb"];
    let filter = HashMap::from([("UUIDs", Variant::from(uuids))]);
    call(&client, "SetDiscoveryFilter", &filter)
        .await
        .expect("a filter");
    call(&client, "StartDiscovery", &()).await.expect("a scan");
    let radio = within(bluez.until(|radio| radio.deaf_scanners == 1)).await;
    assert_eq!(radio.scanners, 0);
    let _on_air = bluez.transmit(FIDO, &[1; 20]).await;
    within(bluez.until(|radio| !radio.on_air.is_empty())).await;
    let objects = client
        .call_method(
            Some("org.bluez"),
            "/",
            Some("org.freedesktop.DBus.ObjectManager"),
            "GetManagedObjects",
            &(),
        )
        .await
        .expect("the objects");
    let body = objects.body();
    let objects: HashMap<String, HashMap<String, HashMap<String, Variant<'_>>>> =
        body.deserialize_ignore_signature().expect("a map");
    assert!(
        !objects.keys().any(|path| path.contains("/dev_")),
        "{:?}",
        objects.keys()
    );
}

async fn stand_in(settings: Settings) -> BluezStandIn {
    BluezStandIn::start(settings)
        .await
        .expect("the BlueZ stand-in")
}

fn with_adapter(adapter: Adapter) -> Settings {
    let mut settings = Settings::default();
    settings.adapter = adapter;
    settings
}

fn with_advertising(advertising: Advertising) -> Settings {
    let mut settings = Settings::default();
    settings.advertising = advertising;
    settings
}

async fn next(scanner: &mut Scanner) -> Vec<u8> {
    within(scanner.next()).await.expect("an advert")
}

/// The name of the [`BluezError`] behind a failed scan; the trait's own errors are named the same.
async fn scan_error(address: &str) -> String {
    match within(Scanner::on_bus(address).next())
        .await
        .expect_err("the scan cannot work")
    {
        ScanError::NoAdapter => "NoAdapter".to_owned(),
        ScanError::PoweredOff => "PoweredOff".to_owned(),
        ScanError::PermissionDenied => "NotPermitted".to_owned(),
        ScanError::ServiceUnavailable(Some(cause)) | ScanError::Failed(cause) => variant(&*cause),
        other => panic!("{other:?}"),
    }
}

async fn advertise_error(address: &str) -> String {
    match within(Advertiser::on_bus(address).advertise(&[0; 20]))
        .await
        .expect_err("advertising cannot work")
    {
        AdvertiseError::NoAdapter => "NoAdapter".to_owned(),
        AdvertiseError::PoweredOff => "PoweredOff".to_owned(),
        AdvertiseError::NotPermitted(cause)
        | AdvertiseError::Unsupported(cause)
        | AdvertiseError::Busy(cause)
        | AdvertiseError::Other(cause) => variant(&*cause),
        other => panic!("{other:?}"),
    }
}

fn variant(cause: &(dyn std::error::Error + Send + Sync + 'static)) -> String {
    let error = cause.downcast_ref::<BluezError>().expect("a BluezError");
    format!("{error:?}")
        .split('(')
        .next()
        .expect("a name")
        .to_owned()
}

async fn call<B>(client: &Connection, method: &str, body: &B) -> zbus::Result<zbus::Message>
where
    B: serde::Serialize + zbus::DynamicType,
{
    client
        .call_method(
            Some("org.bluez"),
            "/org/bluez/hci0",
            Some("org.bluez.Adapter1"),
            method,
            body,
        )
        .await
}

/// A step that takes this long will never come; the machine may be busy.
async fn within<T>(step: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(30), step)
        .await
        .expect("this should not take half a minute")
}

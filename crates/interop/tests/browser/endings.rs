//! Every other way in which it ends: in words for the person, in an error for the page, and with nothing left in the relay.

use std::time::Duration;

use hawser_interop::rig::{Rig, Serving, Setup};
use hawser_interop::site::UserVerificationPolicy::Preferred;
use hawser_phone::phone::Progress;
use hawser_phone::{Decision, Limits, PhoneError, Stage};
use hawser_proto::{Advert, Invitation, OsRng};
use hawser_tunnel::Tunnel;
use hawser_wire::{CloseReason, TunnelDomain};
use tokio::time::Instant;

use crate::{Played, passkey_for, play, relay_saw_good_tunnels, statuses};

/// A session that cannot go on ends in moments; a busy machine gets more.
const MOMENTS: Duration = Duration::from_secs(20);

/// `CTAP2_ERR_OPERATION_DENIED` (CTAP 2.2 §8.2).
const OPERATION_DENIED: u8 = 0x27;

#[tokio::test]
async fn the_phone_declines() {
    play("the_phone_declines", Setup::default(), async |rig| {
        let mut phone = rig.phone(0)?;
        let alice = rig.register(&mut phone, &passkey_for("alice")).await?;
        phone.person.will(Some(Decision::Decline));
        let create = rig.site.register(&passkey_for("bob"))?.options;
        let get = rig.site.sign_in(&[&alice], Preferred)?.options;
        for (call, options) in [("create", create), ("get", get)] {
            let ceremony = rig
                .laptop
                .ceremony(call, &options, &mut phone, &rig.relay)
                .await?;
            assert_eq!(ceremony.error(), Some("NotAllowedError"), "{call}");
            assert_eq!(statuses(&ceremony.phone?), [OPERATION_DENIED], "{call}");
        }
        assert_eq!(phone.authenticator().store().passkeys().len(), 1);
        relay_saw_good_tunnels(rig, 3).await
    })
    .await;
}

/// A phone whose person looks at the question and does not answer it.
async fn undecided(rig: &mut Rig) -> Result<Serving, Box<dyn std::error::Error>> {
    let phone = rig.phone(0)?;
    phone.person.will(None);
    let options = rig.site.register(&passkey_for("alice"))?.options;
    let phone = rig.scan("create", &options, phone).await?;
    rig.reaches(&phone, |step| matches!(step, Progress::Asked { .. }))
        .await?;
    Ok(phone)
}

/// The laptop said goodbye, so the phone knows that it was on purpose, and asks no more.
async fn was_cancelled(rig: &Rig, phone: Serving) -> Played {
    let (mut phone, outcome) = phone.ended(MOMENTS).await?;
    assert!(matches!(outcome, Err(PhoneError::Cancelled)), "{outcome:?}");
    assert!(phone.authenticator().store().passkeys().is_empty());
    relay_saw_good_tunnels(rig, 1).await
}

#[tokio::test]
async fn the_user_cancels_in_the_browser() {
    let name = "the_user_cancels_in_the_browser";
    play(name, Setup::default(), async |rig| {
        let phone = undecided(rig).await?;
        let outcome = rig.laptop.close_dialog().await?;
        assert_eq!(outcome["error"], "NotAllowedError");
        was_cancelled(rig, phone).await
    })
    .await;
}

#[tokio::test]
async fn the_page_changes_its_mind() {
    play("the_page_changes_its_mind", Setup::default(), async |rig| {
        let phone = undecided(rig).await?;
        rig.laptop.browser.evaluate("stop.abort()").await?;
        was_cancelled(rig, phone).await?;
        let outcome = rig.laptop.outcome().await?.unwrap_or_default();
        assert_eq!(outcome["error"], "AbortError");
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn the_tab_closes() {
    play("the_tab_closes", Setup::default(), async |rig| {
        let phone = undecided(rig).await?;
        rig.laptop.browser.close_page().await?;
        was_cancelled(rig, phone).await
    })
    .await;
}

#[tokio::test]
async fn the_browser_is_killed() {
    play("the_browser_is_killed", Setup::default(), async |rig| {
        let phone = undecided(rig).await?;
        rig.laptop.browser.kill();
        let (mut phone, outcome) = phone.ended(MOMENTS).await?;
        let stage = Stage::Answering;
        assert!(
            matches!(outcome, Err(PhoneError::LaptopLost { stage: at, .. }) if at == stage),
            "{outcome:?}"
        );
        assert!(phone.authenticator().store().passkeys().is_empty());
        rig.relay_is_empty().await?;
        let (paired, relay) = ("paired", &rig.relay);
        let ended = relay.closed(paired, CloseReason::PeerLost)
            + relay.closed(paired, CloseReason::PeerClosed);
        assert_eq!(ended, 1);
        Ok(())
    })
    .await;
}

/// A phone as far as its advert: the rest is up to the test.
async fn bare_phone(
    rig: &Rig,
    code: &str,
) -> Result<(Tunnel, [u8; 20]), Box<dyn std::error::Error>> {
    let invitation = Invitation::parse(code)?;
    let domain = TunnelDomain::from_id(0)?;
    let (tunnel, routing_id) = rig.dialer()?.open(domain, invitation.tunnel_id()).await?;
    let advert = Advert::new(&mut OsRng, routing_id, domain)?;
    Ok((tunnel, advert.seal(&invitation.eid_key())))
}

/// The browser shows an error of its own, and the page is told when the user closes that.
async fn page_is_refused(rig: &mut Rig) -> Played {
    let outcome = rig.laptop.close_dialog().await?;
    assert_eq!(outcome["error"], "NotAllowedError");
    rig.relay_is_empty().await?;
    Ok(())
}

#[tokio::test]
async fn the_phone_dies_before_noise() {
    play(
        "the_phone_dies_before_noise",
        Setup::default(),
        async |rig| {
            let options = rig.site.register(&passkey_for("alice"))?.options;
            rig.laptop.ask("create", &options).await?;
            let code = rig.laptop.code().await?;
            let (mut tunnel, advert) = bare_phone(rig, &code).await?;
            let on_air = rig.bluez.transmit(0xFFF9, &advert).await;
            let Ok(first) = tokio::time::timeout(MOMENTS * 2, tunnel.receive()).await else {
                return Err(hawser_interop::rig::RigError::Stall.into());
            };
            let first = first?.unwrap_or_default();
            assert_eq!(first.len(), 81, "message 1");
            drop((tunnel, on_air));
            page_is_refused(rig).await?;
            assert_eq!(rig.relay.closed("paired", CloseReason::PeerLost), 1);
            Ok(())
        },
    )
    .await;
}

#[tokio::test]
async fn the_phone_dies_while_it_asks() {
    play(
        "the_phone_dies_while_it_asks",
        Setup::default(),
        async |rig| {
            drop(undecided(rig).await?);
            page_is_refused(rig).await?;
            assert_eq!(rig.relay.closed("paired", CloseReason::PeerLost), 1);
            Ok(())
        },
    )
    .await;
}

/// Its advert is still heard, but nobody waits at the relay: the browser is told 404.
#[tokio::test]
async fn the_phone_dies_before_the_laptop_comes() {
    let name = "the_phone_dies_before_the_laptop_comes";
    play(name, Setup::default(), async |rig| {
        let options = rig.site.register(&passkey_for("alice"))?.options;
        rig.laptop.ask("create", &options).await?;
        let code = rig.laptop.code().await?;
        let (tunnel, advert) = bare_phone(rig, &code).await?;
        drop(tunnel);
        rig.relay_is_empty().await?;
        let _on_air = rig.bluez.transmit(0xFFF9, &advert).await;
        let deadline = Instant::now() + MOMENTS * 2;
        while rig.relay.refused() == 0 {
            if Instant::now() > deadline {
                return Err(hawser_interop::rig::RigError::Stall.into());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        page_is_refused(rig).await?;
        assert_eq!((rig.relay.refused(), rig.relay.joined()), (1, 0));
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn the_relay_dies() {
    play("the_relay_dies", Setup::default(), async |rig| {
        let phone = undecided(rig).await?;
        rig.relay.kill();
        let (_, outcome) = phone.ended(MOMENTS).await?;
        let stage = Stage::Answering;
        assert!(
            matches!(outcome, Err(PhoneError::LaptopLost { stage: at, .. }) if at == stage),
            "{outcome:?}"
        );
        page_is_refused(rig).await
    })
    .await;
}

/// Chromium shows the code until the user closes it, whatever time limit the page names.
#[tokio::test]
async fn nobody_scans_the_code() {
    play("nobody_scans_the_code", Setup::default(), async |rig| {
        let options = rig.site.register(&passkey_for("alice"))?.options;
        rig.laptop.ask("create", &options).await?;
        rig.laptop.code().await?;
        rig.bluez.until(|radio| radio.scanners == 1).await;
        page_is_refused(rig).await?;
        rig.bluez.until(|radio| radio.scanners == 0).await;
        assert_eq!((rig.relay.opened(), rig.relay.refused()), (0, 0));
        Ok(())
    })
    .await;
}

/// The user scans the code and the laptop does not come: its lid is closed.
#[tokio::test]
async fn the_laptop_never_comes() {
    play("the_laptop_never_comes", Setup::default(), async |rig| {
        let options = rig.site.register(&passkey_for("alice"))?.options;
        rig.laptop.ask("create", &options).await?;
        let code = rig.laptop.code().await?;
        rig.laptop.browser.kill();
        let mut limits = Limits::default();
        limits.laptop = Duration::from_secs(2);
        let phone = rig.phone(0)?.with_limits(limits).start(code);
        rig.reaches(&phone, |step| matches!(step, Progress::Advertising))
            .await?;
        assert_eq!(rig.bluez.radio().on_air.len(), 1);
        let (_, outcome) = phone.ended(MOMENTS).await?;
        assert!(
            matches!(outcome, Err(PhoneError::LaptopNeverCame)),
            "{outcome:?}"
        );
        rig.bluez.until(|radio| radio.on_air.is_empty()).await;
        rig.relay_is_empty().await?;
        assert_eq!(rig.relay.closed("waiting", CloseReason::PeerClosed), 1);
        Ok(())
    })
    .await;
}

/// The relay's patience ends before the phone's.
#[tokio::test]
async fn the_relay_waits_no_longer() {
    let mut setup = Setup::default();
    setup.relay.limits.waiting_time = Duration::from_secs(2);
    play("the_relay_waits_no_longer", setup, async |rig| {
        let options = rig.site.register(&passkey_for("alice"))?.options;
        rig.laptop.ask("create", &options).await?;
        let code = rig.laptop.code().await?;
        rig.laptop.browser.kill();
        let (_, outcome) = rig.phone(0)?.start(code).ended(MOMENTS).await?;
        assert!(
            matches!(outcome, Err(PhoneError::LaptopNeverCame)),
            "{outcome:?}"
        );
        rig.relay_is_empty().await?;
        assert_eq!(rig.relay.closed("waiting", CloseReason::WaitingTimedOut), 1);
        Ok(())
    })
    .await;
}

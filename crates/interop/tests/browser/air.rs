//! What is in the air, and where it leads: tunnel domains, other people's adverts, two of everybody.

use std::sync::Arc;

use hawser_interop::bluez::Advert;
use hawser_interop::rig::{Radio, Setup};
use hawser_interop::site::UserVerificationPolicy::Preferred;

use crate::{passkey_for, play, relay_saw_good_tunnels};

/// The browser works out the host name by itself, from the number in the advert.
async fn tunnel_domain(name: &str, id: u16) {
    let setup = Setup {
        domains: vec![id],
        ..Setup::default()
    };
    play(name, setup, async |rig| {
        let mut phone = rig.phone(id)?;
        let alice = rig.register(&mut phone, &passkey_for("alice")).await?;
        let signed_in = rig.sign_in(&mut phone, &[&alice], Preferred).await?;
        assert_eq!(signed_in.account, "alice");
        relay_saw_good_tunnels(rig, 2).await
    })
    .await;
}

/// The one that is assigned to Google: `cable.ua5v.com`.
#[tokio::test]
async fn tunnel_domain_0() {
    tunnel_domain("tunnel_domain_0", 0).await;
}

/// Numbers from 256 on need no registration with anybody.
#[tokio::test]
async fn tunnel_domain_266() {
    tunnel_domain("tunnel_domain_266", 266).await;
}

#[tokio::test]
async fn tunnel_domain_65535() {
    tunnel_domain("tunnel_domain_65535", 65535).await;
}

/// Older phones advertise under this number.
#[tokio::test]
async fn the_old_service_uuid() {
    play("the_old_service_uuid", Setup::default(), async |rig| {
        let air = Arc::clone(&rig.bluez);
        let mut phone = rig.phone_on(Radio::Air { air, uuid: 0xFDE2 }, 0)?;
        let alice = rig.register(&mut phone, &passkey_for("alice")).await?;
        let signed_in = rig.sign_in(&mut phone, &[&alice], Preferred).await?;
        assert_eq!(signed_in.account, "alice");
        assert!(rig.bluez.radio().registered.is_empty(), "none under 0xFFF9");
        relay_saw_good_tunnels(rig, 2).await
    })
    .await;
}

#[tokio::test]
async fn a_thousand_adverts_of_other_people() {
    let name = "a_thousand_adverts_of_other_people";
    play(name, Setup::default(), async |rig| {
        let options = rig.site.register(&passkey_for("alice"))?;
        rig.laptop.ask("create", &options.options).await?;
        let code = rig.laptop.code().await?;
        // They stay on the air, so that the browser has them all when it hears the right one.
        let mut strangers = Vec::new();
        for n in 0..1000_u16 {
            let uuid = if n % 10 == 0 { 0xFDE2 } else { 0xFFF9 };
            let data = [&[0x5A; 18][..], &n.to_be_bytes()].concat();
            strangers.push(rig.bluez.transmit(uuid, &data).await);
        }
        rig.bluez.until(|radio| radio.on_air.len() == 1000).await;
        let mut phone = rig.phone(0)?;
        phone.accept(&code).await?;
        let credential = rig.laptop.credential().await?;
        let alice = rig.site.registered(options, credential)?;
        assert_eq!(alice.name, "alice");
        relay_saw_good_tunnels(rig, 1).await
    })
    .await;
}

/// Somebody recorded the advert of yesterday's sign-in. It fits no code but yesterday's.
#[tokio::test]
async fn a_replayed_advert_is_ignored() {
    let name = "a_replayed_advert_is_ignored";
    play(name, Setup::default(), async |rig| {
        let mut phone = rig.phone(0)?;
        let alice = rig.register(&mut phone, &passkey_for("alice")).await?;
        let recorded = rig.bluez.radio().registered;
        let [Advert { data, .. }] = recorded.as_slice() else {
            panic!("{recorded:?}");
        };
        let _replayed = rig.bluez.transmit(0xFFF9, data).await;
        let signed_in = rig.sign_in(&mut phone, &[&alice], Preferred).await?;
        assert_eq!(signed_in.account, "alice");
        // With an answer to the replayed advert, a request would have been turned down.
        relay_saw_good_tunnels(rig, 2).await
    })
    .await;
}

#[tokio::test]
async fn two_laptops_and_two_phones_at_once() {
    let name = "two_laptops_and_two_phones_at_once";
    play(name, Setup::default(), async |rig| {
        let mut other = rig.another_laptop().await?;
        let (mut hers, mut his) = (rig.phone(0)?, rig.phone(0)?);
        let alice = rig.site.register(&passkey_for("alice"))?;
        let bob = rig.site.register(&passkey_for("bob"))?;
        let (one, two) = tokio::join!(
            rig.laptop
                .ceremony("create", &alice.options, &mut hers, &rig.relay),
            other.ceremony("create", &bob.options, &mut his, &rig.relay),
        );
        let alice = rig.site.registered(alice, one?.credential()?)?;
        let bob = rig.site.registered(bob, two?.credential()?)?;
        assert_ne!(alice.id, bob.id);

        let her_turn = rig.site.sign_in(&[], Preferred)?;
        let his_turn = rig.site.sign_in(&[], Preferred)?;
        let (one, two) = tokio::join!(
            rig.laptop
                .ceremony("get", &her_turn.options, &mut hers, &rig.relay),
            other.ceremony("get", &his_turn.options, &mut his, &rig.relay),
        );
        let she = rig.site.signed_in(&her_turn, one?.credential()?)?;
        let he = rig.site.signed_in(&his_turn, two?.credential()?)?;
        assert_eq!(
            (she.account.as_str(), he.account.as_str()),
            ("alice", "bob")
        );
        relay_saw_good_tunnels(rig, 4).await
    })
    .await;
}

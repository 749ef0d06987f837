//! What a page may ask for, and gets.

use hawser_interop::rig::{Asked, Setup};
use hawser_interop::site::UserVerificationPolicy::{
    self, Discouraged_DO_NOT_USE, Preferred, Required,
};
use hawser_phone::phone::Progress;
use hawser_phone::{Decision, Operation};

use crate::{passkey_for, play, relay_saw_good_tunnels, statuses};

/// The whole story, with a look at every party.
#[tokio::test]
async fn a_passkey_is_made_and_used() {
    play(
        "a_passkey_is_made_and_used",
        Setup::default(),
        async |rig| {
            let mut phone = rig.phone(0)?;
            let alice = rig.register(&mut phone, &passkey_for("alice")).await?;
            assert!(alice.user_verified);
            let signed_in = rig.sign_in(&mut phone, &[&alice], Preferred).await?;
            assert_eq!(signed_in.account, "alice");
            assert!(signed_in.user_verified);

            let asked = phone.person.asked();
            assert_eq!(
                asked,
                [Operation::Register, Operation::SignIn].map(|operation| Asked {
                    operation,
                    rp_id: "localhost".to_owned(),
                    accounts: vec!["alice".to_owned()],
                    user_verification: true,
                })
            );
            assert!(matches!(
                phone.progress().as_slice(),
                [
                    Progress::QrRead { .. },
                    Progress::TunnelOpen { .. },
                    Progress::Advertising,
                    Progress::Secured,
                    Progress::Asked { .. },
                    Progress::Answered { status: 0 },
                    Progress::Done
                ]
            ));
            assert_eq!(phone.authenticator().store().passkeys().len(), 1);

            let radio = rig.bluez.radio();
            assert_eq!(radio.registered.len(), 2, "one advert for each code");
            assert!(
                radio
                    .registered
                    .iter()
                    .all(|advert| advert.data.len() == 20)
            );
            assert!(radio.on_air.is_empty());
            relay_saw_good_tunnels(rig, 2).await
        },
    )
    .await;
}

/// The phone verifies its user when it is asked to, and says truly whether it did. `verified` is for making the passkey
/// and for using it.
async fn user_verification(name: &str, policy: UserVerificationPolicy, verified: [bool; 2]) {
    play(name, Setup::default(), async |rig| {
        let mut phone = rig.phone(0)?;
        let mut wanted = passkey_for("alice");
        wanted.user_verification = policy;
        let alice = rig.register(&mut phone, &wanted).await?;
        let signed_in = rig.sign_in(&mut phone, &[&alice], policy).await?;
        let asked = phone.person.asked();
        let asked: Vec<bool> = asked.iter().map(|asked| asked.user_verification).collect();
        assert_eq!(asked, verified, "what the phone was asked for");
        let seen = [alice.user_verified, signed_in.user_verified];
        assert_eq!(seen, verified, "what the site saw");
        relay_saw_good_tunnels(rig, 2).await
    })
    .await;
}

#[tokio::test]
async fn user_verification_required() {
    user_verification("user_verification_required", Required, [true; 2]).await;
}

#[tokio::test]
async fn user_verification_preferred() {
    user_verification("user_verification_preferred", Preferred, [true; 2]).await;
}

/// Chromium asks for it all the same when a discoverable passkey is made.
#[tokio::test]
async fn user_verification_discouraged() {
    let name = "user_verification_discouraged";
    user_verification(name, Discouraged_DO_NOT_USE, [true, false]).await;
}

#[tokio::test]
async fn a_discoverable_passkey_needs_no_list() {
    let name = "a_discoverable_passkey_needs_no_list";
    play(name, Setup::default(), async |rig| {
        let mut phone = rig.phone(0)?;
        rig.register(&mut phone, &passkey_for("alice")).await?;
        let signed_in = rig.sign_in(&mut phone, &[], Preferred).await?;
        assert_eq!(
            signed_in.account, "alice",
            "the user handle names the account"
        );
        relay_saw_good_tunnels(rig, 2).await
    })
    .await;
}

#[tokio::test]
async fn a_list_without_this_phones_passkey_finds_nothing() {
    let name = "a_list_without_this_phones_passkey_finds_nothing";
    play(name, Setup::default(), async |rig| {
        let (mut phone, mut other) = (rig.phone(0)?, rig.phone(0)?);
        let alice = rig.register(&mut phone, &passkey_for("alice")).await?;
        rig.register(&mut other, &passkey_for("bob")).await?;
        let pending = rig.site.sign_in(&[&alice], Preferred)?;
        let ceremony = rig
            .laptop
            .ceremony("get", &pending.options, &mut other, &rig.relay)
            .await?;
        assert_eq!(ceremony.error(), Some("NotAllowedError"));
        assert_eq!(statuses(&ceremony.phone?), [NO_CREDENTIALS]);
        let asked = other.person.asked();
        assert_eq!(
            asked.last().map(|asked| asked.operation),
            Some(Operation::NoPasskey)
        );
        relay_saw_good_tunnels(rig, 3).await
    })
    .await;
}

#[tokio::test]
async fn a_phone_with_an_excluded_passkey_makes_no_other() {
    let name = "a_phone_with_an_excluded_passkey_makes_no_other";
    play(name, Setup::default(), async |rig| {
        let mut phone = rig.phone(0)?;
        let alice = rig.register(&mut phone, &passkey_for("alice")).await?;
        let mut again = passkey_for("alice");
        again.exclude = vec![alice.id.clone()];
        let pending = rig.site.register(&again)?;
        let ceremony = rig
            .laptop
            .ceremony("create", &pending.options, &mut phone, &rig.relay)
            .await?;
        assert_eq!(ceremony.error(), Some("InvalidStateError"));
        assert_eq!(statuses(&ceremony.phone?), [CREDENTIAL_EXCLUDED]);
        let operations = phone
            .person
            .asked()
            .into_iter()
            .map(|asked| asked.operation);
        let expected = [Operation::Register, Operation::AlreadyRegistered];
        assert_eq!(operations.collect::<Vec<_>>(), expected);
        assert_eq!(phone.authenticator().store().passkeys().len(), 1);
        assert_eq!(rig.site.accounts().len(), 1);
        relay_saw_good_tunnels(rig, 2).await
    })
    .await;
}

/// The longest request that Chromium makes: it sends the ids of all 64.
#[tokio::test]
async fn sixty_four_excluded_ids() {
    play("sixty_four_excluded_ids", Setup::default(), async |rig| {
        let mut phone = rig.phone(0)?;
        let mut wanted = passkey_for("alice");
        wanted.exclude = (0..64_u8).map(|n| vec![n; 64]).collect();
        let alice = rig.register(&mut phone, &wanted).await?;
        let forwarded = rig.relay.stats().bytes;
        assert!(
            forwarded > 64 * 64,
            "only {forwarded} bytes went to the phone"
        );

        // The last of 64 is this phone's own.
        wanted.exclude.pop();
        wanted.exclude.push(alice.id.clone());
        let pending = rig.site.register(&wanted)?;
        let ceremony = rig
            .laptop
            .ceremony("create", &pending.options, &mut phone, &rig.relay)
            .await?;
        assert_eq!(ceremony.error(), Some("InvalidStateError"));
        assert_eq!(statuses(&ceremony.phone?), [CREDENTIAL_EXCLUDED]);
        relay_saw_good_tunnels(rig, 2).await
    })
    .await;
}

#[tokio::test]
async fn two_accounts_on_one_phone() {
    play("two_accounts_on_one_phone", Setup::default(), async |rig| {
        let mut phone = rig.phone(0)?;
        let alice = rig.register(&mut phone, &passkey_for("alice")).await?;
        rig.register(&mut phone, &passkey_for("bob")).await?;

        // The newest comes first; the person takes the other one.
        phone.person.will(Some(Decision::ApproveAs(1)));
        let signed_in = rig.sign_in(&mut phone, &[], Preferred).await?;
        assert_eq!(signed_in.account, "alice");
        let asked = phone.person.asked();
        let accounts = asked.last().map(|asked| asked.accounts.clone());
        assert_eq!(accounts, Some(vec!["bob".to_owned(), "alice".to_owned()]));

        phone.person.will(Some(Decision::Approve));
        let signed_in = rig.sign_in(&mut phone, &[], Preferred).await?;
        assert_eq!(signed_in.account, "bob");

        // With a list there is nothing to choose.
        let signed_in = rig.sign_in(&mut phone, &[&alice], Preferred).await?;
        assert_eq!(signed_in.account, "alice");
        let asked = phone.person.asked();
        assert_eq!(asked.last().map(|asked| asked.accounts.len()), Some(1));
        relay_saw_good_tunnels(rig, 5).await
    })
    .await;
}

/// `CTAP2_ERR_CREDENTIAL_EXCLUDED` (CTAP 2.2 §8.2).
const CREDENTIAL_EXCLUDED: u8 = 0x19;
/// `CTAP2_ERR_NO_CREDENTIALS`.
const NO_CREDENTIALS: u8 = 0x2E;

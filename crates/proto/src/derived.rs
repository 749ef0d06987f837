//! What each secret becomes (CTAP 2.2 §11.5.1, §11.5.2): the typed side of the [key schedule].
//!
//! ```text
//! QrSecret ──▶ EidKey, TunnelId          RootSecret ──▶ identity key
//!    └ advert ──▶ Psk                       └ contact id ──▶ ContactSecret
//! LinkSecret ─ laptop's nonce ──▶ EidKey                         └ link id ──▶ LinkSecret
//!    └ advert ──▶ Psk
//! ```
//!
//! [key schedule]: crate::key_schedule

use hawser_wire::{ContactId, TunnelId};

use crate::advert::Advert;
use crate::key_schedule::{Purpose, derive};
use crate::keys::{KeyError, PrivateKey};
use crate::linked_advert::LinkedAdvert;
use crate::linked_request::LaptopNonce;
use crate::linking::LinkId;
use crate::secret::{ContactSecret, EidKey, LinkSecret, Psk, QrSecret, RootSecret};

impl QrSecret {
    /// The key of the advert that belongs to the QR code.
    #[must_use]
    pub fn eid_key(&self) -> EidKey {
        EidKey::from_bytes(*derive(self.expose(), &[], Purpose::EidKey))
    }

    /// The name of the tunnel that belongs to the QR code.
    #[must_use]
    pub fn tunnel_id(&self) -> TunnelId {
        TunnelId::from_bytes(*derive(self.expose(), &[], Purpose::TunnelId))
    }

    /// The pre-shared key of the session that belongs to the QR code and the advert.
    #[must_use]
    pub fn psk(&self, advert: &Advert) -> Psk {
        Psk::from_bytes(*derive(self.expose(), &advert.plaintext(), Purpose::Psk))
    }
}

impl LinkSecret {
    /// The key of the advert with which a linked phone answers the laptop that drew `nonce`.
    #[must_use]
    pub fn eid_key(&self, nonce: &LaptopNonce) -> EidKey {
        EidKey::from_bytes(*derive(self.expose(), nonce, Purpose::EidKey))
    }

    /// The pre-shared key of the session that belongs to the link and the advert.
    #[must_use]
    pub fn psk(&self, advert: &LinkedAdvert) -> Psk {
        Psk::from_bytes(*derive(self.expose(), advert.plaintext(), Purpose::Psk))
    }
}

impl RootSecret {
    /// What belongs to one contact id. A new contact id makes every old link worthless.
    #[must_use]
    pub fn contact_secret(&self, contact: &ContactId) -> ContactSecret {
        let secret = derive(self.expose(), contact.as_bytes(), Purpose::ContactSecret);
        ContactSecret::from_bytes(*secret)
    }

    /// The key whose public half is in every link of this phone.
    ///
    /// # Errors
    /// [`KeyError::OutOfRange`] for one root secret in 2^256.
    pub fn identity_key(&self) -> Result<PrivateKey, KeyError> {
        let seed = derive::<32>(self.expose(), &[], Purpose::IdentitySeed);
        PrivateKey::from_seed(&*seed)
    }
}

impl ContactSecret {
    /// The secret of the link that the phone calls `link_id`.
    #[must_use]
    pub fn link_secret(&self, link_id: &LinkId) -> LinkSecret {
        let secret = derive::<32>(self.expose(), link_id.as_bytes(), Purpose::LinkSecret);
        LinkSecret::from_array(&secret)
    }
}

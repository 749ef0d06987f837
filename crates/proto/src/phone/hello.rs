//! What a phone says of itself.

use crate::linking::LinkingOffer;
use crate::post_handshake::PostHandshake;
use crate::update::{self, UpdateError};

/// What a phone tells the laptop after the handshake.
#[derive(Debug, Clone)]
pub struct PhoneHello {
    pub(super) introduction: PostHandshake,
    pub(super) offer: Option<LinkingOffer>,
}

impl PhoneHello {
    /// What the phone offers, without an offer to link.
    #[must_use]
    pub const fn new(introduction: PostHandshake) -> Self {
        Self {
            introduction,
            offer: None,
        }
    }

    /// Offers to link too. A linked session leaves the offer out: it is linked already.
    ///
    /// # Errors
    /// [`UpdateError::LinkingTooLong`] when the offer does not fit the constant length of the
    /// update that carries it.
    pub fn with_linking(self, offer: LinkingOffer) -> Result<Self, UpdateError> {
        let len = offer.encoded_len();
        if len > update::MAX_LINKING_LEN {
            return Err(UpdateError::LinkingTooLong { len });
        }
        Ok(Self {
            offer: Some(offer),
            ..self
        })
    }
}

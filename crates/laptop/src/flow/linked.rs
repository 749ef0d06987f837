//! From a link to a session with the phone behind it (CTAP 2.2 §11.5.2): listen, contact, secure.

use hawser_proto::noise::{MESSAGE_LEN, NoiseError};
use hawser_proto::{ConnectionSignal, LaptopSession, LinkedAdvert, OsRng, SessionError};
use hawser_tunnel::Tunnel;

use super::search::Search;
use super::{Session, Sink, Watch};
use crate::contact::Linked;
use crate::error::LaptopError;
use crate::laptop::Laptop;
use crate::progress::{Progress, Stage};
use crate::scanner::Scanner;
use crate::transaction::Way;

impl Way for Linked {
    async fn find_phone(
        &self,
        laptop: &Laptop,
        watch: Watch,
        scanner: impl Scanner,
        progress: Sink<'_>,
    ) -> Result<Session, LaptopError> {
        let Self { link, request } = self;
        let domain = link.domain;
        // First, because a phone that needs no tap may be heard before the service has answered.
        let search = watch
            .until_deadline(Stage::Waking, Search::start(scanner))
            .await??;
        let client_payload = request.encode();
        let tunnel = laptop
            .dialer
            .contact(domain, &link.contact_id, &client_payload);
        let mut tunnel = watch
            .until_deadline(Stage::Connecting, tunnel)
            .await?
            .map_err(|error| LaptopError::from_open(domain, error))?;
        progress(Progress::WaitingForPhone);

        let key = request.eid_key(link);
        let advert = async {
            tokio::select! {
                error = early(&mut tunnel) => Err(error),
                advert = search.first(|data| LinkedAdvert::open(&key, data)) => Ok(advert?),
            }
        };
        let advert = watch
            .within(Stage::Waking, laptop.limits.advert, advert)
            .await??;
        progress(Progress::PhoneNearby {
            domain,
            routing_id: None,
        });

        let signal = ConnectionSignal::NotExpected;
        let (session, message) = LaptopSession::start_linked(link, &advert, signal, &mut OsRng)
            .map_err(LaptopError::Start)?;
        let session = Session::secure(tunnel, session, message, watch, &laptop.limits).await?;
        progress(Progress::Secured);
        Ok(session)
    }
}

/// What comes through the tunnel before the phone was heard: its end, or what no phone can say yet, because it speaks when
/// it is spoken to. (The service's own signal was not asked for.)
async fn early(tunnel: &mut Tunnel) -> LaptopError {
    match tunnel.receive().await {
        Ok(Some(message)) => {
            let error = match message.len() {
                MESSAGE_LEN => NoiseError::Decrypt,
                found => NoiseError::Length { found },
            };
            LaptopError::Handshake(SessionError::Handshake(error))
        }
        Ok(None) => LaptopError::PhoneLost {
            stage: Stage::Waking,
            source: None,
        },
        Err(error) => LaptopError::from_tunnel(Stage::Waking, error),
    }
}

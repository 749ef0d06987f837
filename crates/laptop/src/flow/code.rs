//! From a QR code to a session with the phone that saw it (CTAP 2.2 §11.5.1): listen, join, secure.

use hawser_proto::{Advert, LaptopInvitation, LaptopSession, OsRng};

use super::search::Search;
use super::{Session, Sink, Watch};
use crate::error::LaptopError;
use crate::laptop::Laptop;
use crate::progress::{Progress, Stage};
use crate::scanner::Scanner;
use crate::transaction::Way;

impl Way for LaptopInvitation {
    async fn find_phone(
        &self,
        laptop: &Laptop,
        watch: Watch,
        scanner: impl Scanner,
        progress: Sink<'_>,
    ) -> Result<Session, LaptopError> {
        let key = self.invitation().eid_key();
        let advert = async {
            let search = Search::start(scanner).await?;
            progress(Progress::WaitingForScan);
            search.first(|data| Advert::open(&key, data)).await
        };
        let advert = watch
            .within(Stage::Searching, laptop.limits.advert, advert)
            .await??;
        let domain = advert.domain();
        progress(Progress::PhoneNearby {
            domain,
            routing_id: Some(advert.routing_id()),
        });

        let id = self.invitation().tunnel_id();
        let tunnel = laptop.dialer.join(domain, advert.routing_id(), id);
        let tunnel = watch
            .until_deadline(Stage::Connecting, tunnel)
            .await?
            .map_err(|error| LaptopError::from_open(domain, error))?;
        progress(Progress::Connected);

        let (session, message) =
            LaptopSession::start(self, &advert, &mut OsRng).map_err(LaptopError::Start)?;
        let session = Session::secure(tunnel, session, message, watch, &laptop.limits).await?;
        progress(Progress::Secured);
        Ok(session)
    }
}

//! One QR code and what comes of it.

use hawser_proto::LaptopInvitation;

use crate::cancel::Canceller;
use crate::ctap::CtapRequest;
use crate::error::LaptopError;
use crate::flow::{self, Session, Watch};
use crate::laptop::Laptop;
use crate::progress::Progress;
use crate::scanner::Scanner;
use crate::webauthn::{Authentication, AuthenticationResponse, Registration, RegistrationResponse};

/// An invitation to any phone that sees the QR code: good for one transaction with one phone.
///
/// Show the code when [`Progress::WaitingForScan`] arrives, not before: by then the radio listens, and
/// a phone may send its advert within a second of seeing the code.
///
/// # Cancel safety
/// The futures of all methods may be dropped at any time; that ends the scan and closes the tunnel. It
/// is not polite to the phone, though: see [`Canceller`].
#[derive(Debug)]
pub struct Invite {
    laptop: Laptop,
    invitation: LaptopInvitation,
    canceller: Canceller,
}

impl Invite {
    pub(crate) fn new(laptop: Laptop, invitation: LaptopInvitation) -> Self {
        Self {
            laptop,
            invitation,
            canceller: Canceller::default(),
        }
    }

    /// What to draw as a QR code: `FIDO:/` and digits. Whoever sees it can take the phone's place, so
    /// it belongs on the screen and nowhere else.
    #[must_use]
    pub fn uri(&self) -> String {
        self.invitation.invitation().to_uri()
    }

    /// The means to end the transaction from elsewhere.
    #[must_use]
    pub fn canceller(&self) -> Canceller {
        self.canceller.clone()
    }

    /// Asks the phone to make a passkey, and returns what the relying party verifies.
    ///
    /// # Errors
    /// [`LaptopError`], one variant for each thing that can go wrong.
    pub async fn register(
        self,
        scanner: impl Scanner,
        ceremony: &Registration,
        mut progress: impl FnMut(Progress) + Send,
    ) -> Result<RegistrationResponse, LaptopError> {
        let mut watch = self.watch();
        watch.shorten(ceremony.timeout());
        let request = CtapRequest::from(ceremony.request());
        let session = flow::find_phone(
            &self.laptop,
            &self.invitation,
            watch,
            scanner,
            &mut progress,
        );
        let (reply, info) = flow::ask(session.await?, &request, &mut progress).await?;
        Ok(ceremony.response(&reply, info.as_deref())?)
    }

    /// Asks the phone to sign in with a passkey, and returns what the relying party verifies.
    ///
    /// # Errors
    /// [`LaptopError`], one variant for each thing that can go wrong.
    pub async fn authenticate(
        self,
        scanner: impl Scanner,
        ceremony: &Authentication,
        mut progress: impl FnMut(Progress) + Send,
    ) -> Result<AuthenticationResponse, LaptopError> {
        let mut watch = self.watch();
        watch.shorten(ceremony.timeout());
        let request = CtapRequest::from(ceremony.request());
        let session = flow::find_phone(
            &self.laptop,
            &self.invitation,
            watch,
            scanner,
            &mut progress,
        );
        let (reply, _) = flow::ask(session.await?, &request, &mut progress).await?;
        Ok(ceremony.response(&reply)?)
    }

    /// Asks the phone one CTAP request, and returns its reply: status byte 0 and CBOR.
    ///
    /// # Errors
    /// [`LaptopError`]; a status other than 0 is one too.
    pub async fn run(
        self,
        scanner: impl Scanner,
        request: &CtapRequest,
        mut progress: impl FnMut(Progress) + Send,
    ) -> Result<Vec<u8>, LaptopError> {
        let watch = self.watch();
        let session = flow::find_phone(
            &self.laptop,
            &self.invitation,
            watch,
            scanner,
            &mut progress,
        );
        let (reply, _) = flow::ask(session.await?, request, &mut progress).await?;
        Ok(reply)
    }

    /// Finds the phone and secures the connection, for an app that wants to choose its requests by what
    /// the phone can do. Phones expect one request, and hang up after its reply.
    ///
    /// # Errors
    /// [`LaptopError`], one variant for each thing that can go wrong.
    pub async fn connect(
        self,
        scanner: impl Scanner,
        mut progress: impl FnMut(Progress) + Send,
    ) -> Result<Session, LaptopError> {
        let watch = self.watch();
        flow::find_phone(
            &self.laptop,
            &self.invitation,
            watch,
            scanner,
            &mut progress,
        )
        .await
    }

    fn watch(&self) -> Watch {
        Watch::start(self.canceller.clone(), self.laptop.limits.transaction)
    }
}

//! One thing that a phone is asked, whichever way it is found.

use crate::cancel::Canceller;
use crate::ctap::CtapRequest;
use crate::error::LaptopError;
use crate::flow::{self, Session, Sink, Watch};
use crate::laptop::Laptop;
use crate::progress::Progress;
use crate::scanner::Scanner;
use crate::webauthn::{Authentication, AuthenticationResponse, Registration, RegistrationResponse};

/// What is behind [`Invite`](crate::Invite) and [`Contact`](crate::Contact).
#[derive(Debug)]
pub(crate) struct Transaction<W> {
    laptop: Laptop,
    pub(crate) way: W,
    canceller: Canceller,
}

/// A way to a phone: what the laptop shares with it beforehand.
pub(crate) trait Way: Sync {
    fn find_phone(
        &self,
        laptop: &Laptop,
        watch: Watch,
        scanner: impl Scanner,
        progress: Sink<'_>,
    ) -> impl Future<Output = Result<Session, LaptopError>> + Send;
}

impl<W: Way> Transaction<W> {
    pub(crate) fn new(laptop: Laptop, way: W) -> Self {
        Self {
            laptop,
            way,
            canceller: Canceller::default(),
        }
    }

    pub(crate) fn canceller(&self) -> Canceller {
        self.canceller.clone()
    }

    pub(crate) async fn register(
        self,
        scanner: impl Scanner,
        ceremony: &Registration,
        mut progress: impl FnMut(Progress) + Send,
    ) -> Result<RegistrationResponse, LaptopError> {
        let mut watch = self.watch();
        watch.shorten(ceremony.timeout());
        let request = CtapRequest::from(ceremony.request());
        let session = self.find_phone(watch, scanner, &mut progress).await?;
        let (reply, info) = flow::ask(session, &request, &mut progress).await?;
        Ok(ceremony.response(&reply, info.as_deref())?)
    }

    pub(crate) async fn authenticate(
        self,
        scanner: impl Scanner,
        ceremony: &Authentication,
        mut progress: impl FnMut(Progress) + Send,
    ) -> Result<AuthenticationResponse, LaptopError> {
        let mut watch = self.watch();
        watch.shorten(ceremony.timeout());
        let request = CtapRequest::from(ceremony.request());
        let session = self.find_phone(watch, scanner, &mut progress).await?;
        let (reply, _) = flow::ask(session, &request, &mut progress).await?;
        Ok(ceremony.response(&reply)?)
    }

    pub(crate) async fn run(
        self,
        scanner: impl Scanner,
        request: &CtapRequest,
        mut progress: impl FnMut(Progress) + Send,
    ) -> Result<Vec<u8>, LaptopError> {
        let session = self
            .find_phone(self.watch(), scanner, &mut progress)
            .await?;
        let (reply, _) = flow::ask(session, request, &mut progress).await?;
        Ok(reply)
    }

    pub(crate) async fn connect(
        self,
        scanner: impl Scanner,
        mut progress: impl FnMut(Progress) + Send,
    ) -> Result<Session, LaptopError> {
        self.find_phone(self.watch(), scanner, &mut progress).await
    }

    fn watch(&self) -> Watch {
        Watch::start(self.canceller.clone(), self.laptop.limits.transaction)
    }

    async fn find_phone(
        &self,
        watch: Watch,
        scanner: impl Scanner,
        progress: Sink<'_>,
    ) -> Result<Session, LaptopError> {
        // Boxed: this is most of a transaction's future, which apps embed in their own.
        Box::pin(self.way.find_phone(&self.laptop, watch, scanner, progress)).await
    }
}

/// The public methods of a type with a `transaction`: what can be asked does not depend on how the phone is found.
macro_rules! asks_the_phone {
    ($asker:ty) => {
        impl $asker {
            /// The means to end the transaction from elsewhere.
            #[must_use]
            pub fn canceller(&self) -> $crate::Canceller {
                self.transaction.canceller()
            }

            /// Asks the phone to make a passkey, and returns what the relying party verifies.
            ///
            /// # Errors
            /// [`LaptopError`](crate::LaptopError), one variant for each thing that can go wrong.
            pub async fn register(
                self,
                scanner: impl $crate::Scanner,
                ceremony: &$crate::webauthn::Registration,
                progress: impl FnMut($crate::Progress) + Send,
            ) -> Result<$crate::webauthn::RegistrationResponse, $crate::LaptopError> {
                self.transaction.register(scanner, ceremony, progress).await
            }

            /// Asks the phone to sign in with a passkey, and returns what the relying party verifies.
            ///
            /// # Errors
            /// [`LaptopError`](crate::LaptopError), one variant for each thing that can go wrong.
            pub async fn authenticate(
                self,
                scanner: impl $crate::Scanner,
                ceremony: &$crate::webauthn::Authentication,
                progress: impl FnMut($crate::Progress) + Send,
            ) -> Result<$crate::webauthn::AuthenticationResponse, $crate::LaptopError> {
                self.transaction
                    .authenticate(scanner, ceremony, progress)
                    .await
            }

            /// Asks the phone one CTAP request, and returns its reply: status byte 0 and CBOR.
            ///
            /// # Errors
            /// [`LaptopError`](crate::LaptopError); a status other than 0 is one too.
            pub async fn run(
                self,
                scanner: impl $crate::Scanner,
                request: &$crate::ctap::CtapRequest,
                progress: impl FnMut($crate::Progress) + Send,
            ) -> Result<Vec<u8>, $crate::LaptopError> {
                self.transaction.run(scanner, request, progress).await
            }

            /// Finds the phone and secures the connection, for an app that wants to choose its requests by what
            /// the phone can do. Phones expect one request, and hang up after its reply.
            ///
            /// # Errors
            /// [`LaptopError`](crate::LaptopError), one variant for each thing that can go wrong.
            pub async fn connect(
                self,
                scanner: impl $crate::Scanner,
                progress: impl FnMut($crate::Progress) + Send,
            ) -> Result<$crate::Session, $crate::LaptopError> {
                self.transaction.connect(scanner, progress).await
            }
        }
    };
}

pub(crate) use asks_the_phone;

//! Which radio: Bluetooth, or its simulation inside this machine.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use hawser_laptop::{ScanError, Scanner};
use hawser_phone::{AdvertiseError, Advertiser};
#[cfg(all(feature = "bluez", target_os = "linux"))]
use hawser_radio::bluez;
use hawser_radio::loopback::{self, Air, LoopbackAdvertiser, LoopbackScanner, PROXIMITY_NOTICE};

use crate::argument;
use crate::ending::Failure;

/// How phone and laptop find each other.
#[derive(Debug, Args)]
#[command(next_help_heading = "Radio")]
pub(crate) struct Radio {
    /// The radio that carries the phone's advert to the laptop.
    #[arg(long, value_enum, default_value = "loopback")]
    radio: Kind,
    /// Directory of the simulated radio; programs with different ones do not hear each other.
    #[arg(long, value_name = "DIR")]
    air: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Simulated: adverts travel inside this computer, and prove nothing.
    Loopback,
    /// Bluetooth of a Linux computer, through BlueZ.
    #[cfg(all(feature = "bluez", target_os = "linux"))]
    Bluez,
}

impl Radio {
    /// What the user must be told about the radio.
    pub(crate) fn notice(&self) -> Option<&'static str> {
        self.is_simulated().then_some(PROXIMITY_NOTICE)
    }

    pub(crate) fn is_simulated(&self) -> bool {
        self.radio == Kind::Loopback
    }

    /// The flags as they were typed, for another program on this computer.
    pub(crate) fn typed(&self) -> Vec<String> {
        let kind = match self.radio {
            // The default.
            Kind::Loopback => None,
            #[cfg(all(feature = "bluez", target_os = "linux"))]
            Kind::Bluez => Some("--radio bluez".to_owned()),
        };
        let air = self.air.as_ref();
        let air = air.map(|directory| {
            let directory = argument::typed(&directory.display().to_string());
            format!("--air {directory}")
        });
        kind.into_iter().chain(air).collect()
    }

    pub(crate) fn advertiser(&self) -> Result<AnyAdvertiser, Failure> {
        match self.radio {
            Kind::Loopback => Ok(AnyAdvertiser::Loopback(self.air()?.advertiser())),
            #[cfg(all(feature = "bluez", target_os = "linux"))]
            Kind::Bluez => Ok(AnyAdvertiser::Bluez(bluez::Advertiser::new())),
        }
    }

    pub(crate) async fn scanner(&self) -> Result<AnyScanner, Failure> {
        match self.radio {
            Kind::Loopback => {
                let scanner = self.air()?.scanner().await;
                let scanner = scanner.map_err(|error| Failure::failed(&error))?;
                Ok(AnyScanner::Loopback(scanner))
            }
            #[cfg(all(feature = "bluez", target_os = "linux"))]
            Kind::Bluez => Ok(AnyScanner::Bluez(bluez::Scanner::new())),
        }
    }

    fn air(&self) -> Result<Air, Failure> {
        let air = match &self.air {
            Some(directory) => Air::at(directory),
            None => Air::of_this_user(),
        };
        air.map_err(|error| Failure::failed(&error))
    }
}

/// One of the advertisers.
pub(crate) enum AnyAdvertiser {
    Loopback(LoopbackAdvertiser),
    #[cfg(all(feature = "bluez", target_os = "linux"))]
    Bluez(bluez::Advertiser),
}

/// Keeps its advert on the air.
pub(crate) enum AnyGuard {
    Loopback {
        _guard: loopback::AdvertGuard,
    },
    #[cfg(all(feature = "bluez", target_os = "linux"))]
    Bluez {
        _guard: bluez::AdvertGuard,
    },
}

impl Advertiser for AnyAdvertiser {
    type Guard = AnyGuard;

    async fn advertise(&self, service_data: &[u8]) -> Result<AnyGuard, AdvertiseError> {
        match self {
            Self::Loopback(advertiser) => Ok(AnyGuard::Loopback {
                _guard: advertiser.advertise(service_data).await?,
            }),
            #[cfg(all(feature = "bluez", target_os = "linux"))]
            Self::Bluez(advertiser) => Ok(AnyGuard::Bluez {
                _guard: advertiser.advertise(service_data).await?,
            }),
        }
    }
}

/// One of the scanners.
pub(crate) enum AnyScanner {
    Loopback(LoopbackScanner),
    #[cfg(all(feature = "bluez", target_os = "linux"))]
    Bluez(bluez::Scanner),
}

impl Scanner for AnyScanner {
    async fn start(&mut self) -> Result<(), ScanError> {
        match self {
            Self::Loopback(scanner) => scanner.start().await,
            #[cfg(all(feature = "bluez", target_os = "linux"))]
            Self::Bluez(scanner) => scanner.start().await,
        }
    }

    async fn next(&mut self) -> Result<Vec<u8>, ScanError> {
        match self {
            Self::Loopback(scanner) => scanner.next().await,
            #[cfg(all(feature = "bluez", target_os = "linux"))]
            Self::Bluez(scanner) => scanner.next().await,
        }
    }
}

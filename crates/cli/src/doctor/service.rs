//! A tunnel service: its name, its certificate, its answers, and a message there and back.

use std::time::{Duration, Instant};

use hawser_proto::{OsRng, QrSecret};
use hawser_tunnel::{Dialer, Tunnel};
use hawser_wire::{RoutingId, TunnelDomain, TunnelId};
use tokio::time::timeout;

use super::Finding;
use crate::ending::in_words;

const NAME: &str = "name";
const TUNNEL: &str = "tunnel service";
const ROUND_TRIP: &str = "round trip";

/// A phone's end of a tunnel that waits for a laptop.
pub(super) struct Waiting {
    tunnel: Tunnel,
    routing_id: RoutingId,
    id: TunnelId,
}

/// How a service is spoken to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Security {
    /// As ever.
    Tls,
    /// Inside this computer.
    Plaintext,
}

/// Whether the domain has an address.
pub(super) async fn name(domain: TunnelDomain) -> Finding {
    let host = domain.host();
    let looked_up = timeout(PATIENCE, tokio::net::lookup_host((host.clone(), 443))).await;
    match looked_up {
        Ok(Ok(addresses)) => {
            let addresses: Vec<_> = addresses.map(|address| address.ip().to_string()).collect();
            Finding::good(NAME, format!("{host} is {}", addresses.join(", ")))
        }
        Ok(Err(error)) => Finding::bad(
            NAME,
            format!("{host} has no address: check the network and its DNS ({error})"),
        ),
        Err(_) => Finding::bad(
            NAME,
            format!("looking up {host} takes too long: check the network and its DNS"),
        ),
    }
}

/// Opens a tunnel as a phone does: TCP, TLS, and the service's own answer.
pub(super) async fn open(
    dialer: &Dialer,
    domain: TunnelDomain,
    security: Security,
) -> Result<(Waiting, Finding), Finding> {
    // A fresh secret, so that the id is nobody's.
    let secret =
        QrSecret::generate(&mut OsRng).map_err(|error| Finding::bad(TUNNEL, in_words(&error)))?;
    let id = secret.tunnel_id();
    let began = Instant::now();
    match dialer.open(domain, id).await {
        Ok((tunnel, routing_id)) => {
            let certificate = match security {
                Security::Tls => "its certificate is good, ",
                Security::Plaintext => "",
            };
            let words = format!(
                "it can be reached, {certificate}and it opened a tunnel in {} ms",
                began.elapsed().as_millis()
            );
            let waiting = Waiting {
                tunnel,
                routing_id,
                id,
            };
            Ok((waiting, Finding::good(TUNNEL, words)))
        }
        Err(error) => Err(Finding::bad(TUNNEL, in_words(&error))),
    }
}

/// Joins the tunnel as a laptop does, and sends a message each way.
pub(super) async fn round_trip(
    dialer: &Dialer,
    domain: TunnelDomain,
    mut phone: Waiting,
) -> Finding {
    let mut laptop = match dialer.join(domain, phone.routing_id, phone.id).await {
        Ok(laptop) => laptop,
        Err(error) => return Finding::bad(ROUND_TRIP, in_words(&error)),
    };
    let began = Instant::now();
    let passed = async {
        pass(&mut laptop, &mut phone.tunnel).await?;
        pass(&mut phone.tunnel, &mut laptop).await
    };
    let finding = match timeout(PATIENCE, passed).await {
        Ok(Ok(())) => Finding::good(
            ROUND_TRIP,
            format!(
                "a message went there and back in {:.1} ms",
                began.elapsed().as_secs_f64() * 1000.0
            ),
        ),
        Ok(Err(words)) => Finding::bad(ROUND_TRIP, words),
        Err(_) => Finding::bad(
            ROUND_TRIP,
            format!(
                "nothing came through the tunnel within {} s",
                PATIENCE.as_secs()
            ),
        ),
    };
    // One end of a tunnel that is closed ends the other.
    laptop.close().await;
    finding
}

async fn pass(from: &mut Tunnel, to: &mut Tunnel) -> Result<(), String> {
    let message = QrSecret::generate(&mut OsRng).map_err(|error| in_words(&error))?;
    let message = message.expose().to_vec();
    from.send(message.clone())
        .await
        .map_err(|error| in_words(&error))?;
    match to.receive().await {
        Ok(Some(received)) if received == message => Ok(()),
        Ok(Some(_)) => Err("the message that came is not the one that was sent: something on the way alters messages".to_owned()),
        Ok(None) => Err("the service closed the tunnel instead of passing a message on".to_owned()),
        Err(error) => Err(in_words(&error)),
    }
}

/// For a name's address, and for a message through a tunnel that is open.
const PATIENCE: Duration = Duration::from_secs(10);

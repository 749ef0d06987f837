//! A service's own account of itself: the process metrics of a Prometheus page.

use std::time::Duration;

use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use prometheus_parse::{Scrape, Value};
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::Url;

use crate::number::whole;
use crate::watch::process::Usage;

/// Time for a page.
const LIMIT: Duration = Duration::from_secs(2);

/// Bytes of a page.
const PAGE_MAX: usize = 4 * 1024 * 1024;

/// Reads a page and takes the process metrics from it. `None` when there is no page, or it does
/// not have them.
pub(crate) async fn usage(url: &Url) -> Option<Usage> {
    let page = timeout(LIMIT, fetch(url)).await.ok()??;
    parse(&page)
}

async fn fetch(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    let port = url.port_or_known_default()?;
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let stream = TcpStream::connect((bare, port)).await.ok()?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
    let request = Request::get(url.path())
        .header("host", format!("{host}:{port}"))
        .header("connection", "close")
        .body(Empty::<Bytes>::new())
        .ok()?;
    let answer = async {
        let response = sender.send_request(request).await.ok()?;
        if !response.status().is_success() {
            return None;
        }
        let body = Limited::new(response.into_body(), PAGE_MAX);
        let bytes = body.collect().await.ok()?.to_bytes();
        String::from_utf8(bytes.to_vec()).ok()
    };
    let (page, _) = tokio::join!(answer, connection);
    page
}

fn parse(page: &str) -> Option<Usage> {
    let lines = page.lines().map(|line| Ok(line.to_owned()));
    let scrape = Scrape::parse(lines).ok()?;
    let value = |name: &str| {
        let sample = scrape.samples.iter().find(|s| s.metric == name)?;
        match sample.value {
            Value::Counter(v) | Value::Gauge(v) | Value::Untyped(v) => Some(v),
            _ => None,
        }
    };
    Some(Usage {
        cpu: whole(value("process_cpu_seconds_total")? * 1e9),
        rss: whole(value("process_resident_memory_bytes")?),
        fds: value("process_open_fds").map(whole).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_metrics_are_found_among_others() {
        let page = "# HELP process_cpu_seconds_total Total user and system CPU time.\n\
            # TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total 1.5\n\
            # TYPE process_open_fds gauge\nprocess_open_fds 12\n\
            hawser_relay_connections 7\n\
            # TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes 4096\n";
        let expected = Usage {
            cpu: 1_500_000_000,
            rss: 4096,
            fds: 12,
        };
        assert_eq!(parse(page), Some(expected));
        assert_eq!(parse("hawser_relay_connections 7\n"), None);
    }
}

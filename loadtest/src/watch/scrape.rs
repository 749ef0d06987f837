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
    let path = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let request = Request::get(path)
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
    // A service of several processes has one sample for each, told apart by labels.
    let value = |name: &str| {
        let samples = scrape.samples.iter().filter(|s| s.metric == name);
        let values = samples.filter_map(|sample| match sample.value {
            Value::Counter(v) | Value::Gauge(v) | Value::Untyped(v) if v.is_finite() => Some(v),
            _ => None,
        });
        values.reduce(|sum, v| sum + v)
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

    #[test]
    fn pages_of_other_services_are_read_too() {
        // OpenMetrics: the type has no _total, values have exponents and times, and there is an end.
        let page = "# TYPE process_cpu_seconds counter\n# UNIT process_cpu_seconds seconds\n\
            process_cpu_seconds_total 1.5e+00 1700000000.5\n\
            # TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes 4.096e+03\n\
            # EOF\n";
        let one = Usage {
            cpu: 1_500_000_000,
            rss: 4096,
            fds: 0,
        };
        assert_eq!(parse(page), Some(one));
        // A service of several processes.
        let page = "process_cpu_seconds_total{pid=\"1\"} 1.5\n\
            process_cpu_seconds_total{pid=\"2\"} 0.5\n\
            process_resident_memory_bytes{pid=\"1\"} 4096\n\
            process_resident_memory_bytes{pid=\"2\"} 4096\n\
            process_open_fds{pid=\"1\"} NaN\nprocess_open_fds{pid=\"2\"} 9\n";
        let both = Usage {
            cpu: 2_000_000_000,
            rss: 8192,
            fds: 9,
        };
        assert_eq!(parse(page), Some(both));
    }
}

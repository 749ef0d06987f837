//! What an operator does with a program: asks it, signals it, waits for its end.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::ExitStatus;

use rustix::process::{Pid, Signal, kill_process};

use crate::program::{Program, wait_for};

impl Program {
    /// Where the operator's machines ask.
    pub(crate) fn admin(&self) -> SocketAddr {
        self.address_after("listening for the operator")
    }

    /// The status and the body of an answer on the admin address.
    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        let answer = self.ask(&format!(
            "GET {path} HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n"
        ));
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head[9..12].parse().unwrap(), body.to_owned())
    }

    /// The whole answer to a request on the admin address.
    pub(crate) fn ask(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.admin()).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// The value of one series: `name` or `name{label="value"}`.
    pub(crate) fn metric(&self, series: &str) -> f64 {
        let (_, metrics) = self.get("/metrics");
        metrics
            .lines()
            .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))
            .unwrap_or_else(|| panic!("no series {series} in {metrics}"))
            .parse()
            .unwrap()
    }

    /// Waits until a series has a value that `fits`.
    pub(crate) fn metric_becomes(&self, series: &str, fits: impl Fn(f64) -> bool) {
        wait_for(&format!("fitting {series}"), || {
            let value = self.metric(series);
            if fits(value) { Ok(()) } else { Err(value) }
        });
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.pid().try_into().unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Waits for its end.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        wait_for("end", || self.try_wait().ok_or("it runs"))
    }
}

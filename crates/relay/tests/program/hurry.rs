//! A client that is told no before it has said all.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::program::Program;

#[test]
fn an_answer_is_not_lost_to_a_reset_when_the_request_is_longer_than_what_is_read_of_it() {
    let relay = Program::start::<&str>(&[]);
    let request = format!("GET /{} HTTP/1.1\r\n", "A".repeat(100_000));
    for _ in 0..20 {
        let mut stream = TcpStream::connect(relay.address()).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        let end = stream.read_to_string(&mut answer);
        end.expect("the relay hears it out");
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
        assert!(answer.ends_with("\r\n\r\nrequest head too large\n"));
    }
}

//! The `hawser-loadtest` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    hawser_loadtest::main()
}

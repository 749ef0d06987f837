//! Prints the first advert that is heard in an air, as hex.
//!
//! `cargo run -p hawser-radio --example listen -- DIRECTORY`; without one, in this user's air.

#![expect(clippy::print_stdout, reason = "the point of the program")]

use std::error::Error;

use hawser_laptop::Scanner as _;
use hawser_radio::loopback::Air;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let air = match std::env::args_os().nth(1) {
        Some(directory) => Air::at(directory)?,
        None => Air::of_this_user()?,
    };
    let advert = air.scanner().await?.next().await?;
    let hex: Vec<String> = advert.iter().map(|byte| format!("{byte:02x}")).collect();
    println!("{}", hex.concat());
    Ok(())
}

//! Tests against real browsers and other people's implementations.
//!
//! The library part is the rig; the tests under `tests/` are the scenarios. Nothing here is published,
//! and nothing depends on it.
//!
//! - [`bluez`]: a stand-in for BlueZ on a private D-Bus. It needs no Bluetooth and no privileges, and is useful to anyone who
//!   tests code of the hybrid transport on Linux.
//! - [`bus`]: the private bus that it lives on.
//! - [`browser`] on a [`screen`] that a [`camera`] looks at, with an [`authority`] that it trusts: a real Chromium as the laptop.
//! - [`site`]: the relying party that the browser signs in to.
//! - [`rig`]: all of it put together, with a relay and phones.
//! - [`process`]: a child process that ends with its test.

pub mod authority;
pub mod bluez;
pub mod browser;
pub mod bus;
pub mod camera;
pub mod process;
pub mod rig;
pub mod screen;
pub mod site;

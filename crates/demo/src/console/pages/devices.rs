//! The user's devices: seen, renamed, deleted.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use data_encoding::BASE64URL_NOPAD;
use maud::{Markup, html};

use crate::console::app::App;
use crate::console::failure::PageFailure;
use crate::console::forms;
use crate::console::layout::{self, Place};
use crate::console::own_form::OwnForm;
use crate::console::signed_in::SignedIn;
use crate::console::words::moment;
use crate::relying_party::refusal::Refusal;
use crate::relying_party::site::{DeviceList, Situation};
use crate::relying_party::store::{Device, SessionSecret};
use crate::relying_party::{MAX_DEVICE_NAME, MAX_DEVICES};

pub(in crate::console) async fn show(
    State(app): State<App>,
    SignedIn { session, .. }: SignedIn,
) -> Result<Response, PageFailure> {
    Ok(page(&app, &session, None).await?.into_response())
}

pub(in crate::console) async fn rename(
    State(app): State<App>,
    form: OwnForm,
) -> Result<Response, PageFailure> {
    let device = form.number("device").unwrap_or(NO_DEVICE);
    let renamed = app
        .site
        .rename_device(&form.session, device, form.text("name"));
    after(&app, &form.session, renamed.await).await
}

pub(in crate::console) async fn delete(
    State(app): State<App>,
    form: OwnForm,
) -> Result<Response, PageFailure> {
    let device = form.number("device").unwrap_or(NO_DEVICE);
    let deleted = app.site.delete_device(&form.session, device).await;
    after(&app, &form.session, deleted).await
}

/// The list again, with what went wrong on top.
async fn after(
    app: &App,
    session: &SessionSecret,
    outcome: Result<(), Refusal>,
) -> Result<Response, PageFailure> {
    match outcome {
        Ok(()) => Ok(Redirect::to("/devices").into_response()),
        Err(refusal) if is_for_the_list(&refusal) => {
            let (status, _) = refusal.status();
            let page = page(app, session, Some(&refusal.to_string())).await?;
            Ok((status, page).into_response())
        }
        Err(refusal) => Err(refusal.into()),
    }
}

fn is_for_the_list(refusal: &Refusal) -> bool {
    let (status, _) = refusal.status();
    let session_is_good = !matches!(refusal, Refusal::NoSession | Refusal::NotSignedIn);
    session_is_good && status.is_client_error() && status != StatusCode::UNAUTHORIZED
}

async fn page(
    app: &App,
    session: &SessionSecret,
    alert: Option<&str>,
) -> Result<Markup, PageFailure> {
    let DeviceList { situation, devices } = app.site.devices(session).await?;
    let must_show_one = situation.owes_a_passkey();
    let body = html! {
        div.title.with-action {
            div {
                h1 { "MFA devices" }
                p.lead { "Passkeys that you sign in with, after your password. Keep two at least." }
            }
            @if must_show_one {
                a.button.primary href="/sign-in/passkey" { "Unlock with a passkey" }
            } @else if devices.len() < MAX_DEVICES {
                a.button.primary href="/devices/new" { "Register a passkey" }
            }
        }
        (forms::alert(alert))
        @if must_show_one {
            p.banner { "To change your devices, sign in with one of them first." }
        }
        // Also when there are none: whoever keeps the passkey of the last device must hear it.
        div hidden data-accepted=(accepted(&devices)) data-rp-id=(app.site.rp_id())
            data-user=(user_handle(&situation)) data-user-name=(situation.user.name)
            data-display-name=(situation.user.display_name) {}
        @if devices.is_empty() {
            section.card.empty {
                h2 { "No devices yet" }
                p { "Register the phone in your pocket: scan a code, confirm with your fingerprint, done." }
            }
        } @else {
            ul.devices {
                @for device in &devices { (card(device, &situation, must_show_one)) }
            }
            p.hint { (devices.len()) " of at most " (MAX_DEVICES) " devices" }
        }
    };
    Ok(layout::console(
        app,
        &situation,
        Place::Devices,
        "MFA devices",
        body,
    ))
}

fn card(device: &Device, situation: &Situation, locked: bool) -> Markup {
    let (kind, about) = kind(device);
    html! {
        li.card.device {
            div.what {
                h2 { bdi { (device.name) } }
                span.chip title=(about) { (kind) }
            }
            dl {
                div { dt { "Registered" } dd { (moment(device.created)) } }
                div {
                    dt { "Last used" }
                    dd { @if let Some(at) = device.last_used { (moment(at)) } @else { "never" } }
                }
                div { dt { "Reached by" } dd { (reached_by(device)) } }
            }
            @if !locked {
                div.actions {
                    details {
                        summary { "Rename" }
                        (forms::form("/devices/rename", situation, html! {
                            input type="hidden" name="device" value=(device.id);
                            label {
                                span.hidden { "New name" }
                                input name="name" value=(device.name) maxlength=(MAX_DEVICE_NAME) required autocomplete="off";
                            }
                            button { "Save" }
                        }))
                    }
                    details {
                        summary { "Delete" }
                        (forms::form("/devices/delete", situation, html! {
                            input type="hidden" name="device" value=(device.id);
                            p { "You cannot sign in with " bdi { (device.name) } " any more. Delete it?" }
                            button.danger { "Delete for good" }
                        }))
                    }
                }
            }
        }
    }
}

/// From the flags of the authenticator data (WebAuthn Level 3 §6.1.3).
fn kind(device: &Device) -> (&'static str, &'static str) {
    match (device.backup_eligible, device.backed_up) {
        (true, true) => (
            "Synced",
            "The passkey is backed up and may be on several devices",
        ),
        (true, false) => ("Can sync", "The passkey may be backed up, but is not yet"),
        (false, _) => ("Bound to the device", "The passkey is on one device only"),
    }
}

fn reached_by(device: &Device) -> String {
    if device.transports.is_empty() {
        return "not said".to_owned();
    }
    let words = device
        .transports
        .iter()
        .map(|transport| match transport.as_str() {
            "hybrid" => "QR code",
            "internal" => "itself",
            other => other,
        });
    words.collect::<Vec<_>>().join(", ")
}

/// For the Signal API: what the site still accepts (WebAuthn Level 3 §5.1.10).
fn accepted(devices: &[Device]) -> String {
    let ids = devices.iter();
    let ids = ids.map(|device| BASE64URL_NOPAD.encode(device.passkey.cred_id()));
    ids.collect::<Vec<_>>().join(" ")
}

fn user_handle(situation: &Situation) -> String {
    BASE64URL_NOPAD.encode(situation.user.id.as_bytes())
}

/// No device has this number.
const NO_DEVICE: i64 = 0;

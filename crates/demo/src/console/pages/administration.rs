//! The roll-out: the policy, its progress, resets, and the kill switch.

mod parts;

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};

use crate::console::app::App;
use crate::console::clock::{ClockError, MAX_DAYS};
use crate::console::failure::PageFailure;
use crate::console::forms;
use crate::console::layout::{self, Place};
use crate::console::own_form::OwnForm;
use crate::console::signed_in::SignedIn;
use crate::relying_party::limits::Limit;
use crate::relying_party::policy::{CohortSize, Mode, Population};
use crate::relying_party::refusal::Refusal;
use crate::relying_party::site::Actor;
use crate::relying_party::store::SessionSecret;

pub(in crate::console) async fn show(
    State(app): State<App>,
    SignedIn { session, .. }: SignedIn,
) -> Result<Response, PageFailure> {
    Ok(page(&app, &session, None).await?.into_response())
}

pub(in crate::console) async fn set_mode(
    State(app): State<App>,
    form: OwnForm,
) -> Result<Response, PageFailure> {
    let change = async {
        let population: Population = form.text("population").parse()?;
        let mode: Mode = form.text("mode").parse()?;
        let actor = Actor::Session(form.session.clone());
        app.site.set_mode(actor, population, mode).await
    };
    after(&app, &form.session, change.await).await
}

pub(in crate::console) async fn set_grace(
    State(app): State<App>,
    form: OwnForm,
) -> Result<Response, PageFailure> {
    let days = form.number("days").unwrap_or(0);
    let changed = app
        .site
        .set_grace(Actor::Session(form.session.clone()), days);
    after(&app, &form.session, changed.await).await
}

pub(in crate::console) async fn add_cohort(
    State(app): State<App>,
    form: OwnForm,
) -> Result<Response, PageFailure> {
    let step = async {
        let size: CohortSize = form.text("size").parse()?;
        let actor = Actor::Session(form.session.clone());
        app.site.add_cohort(actor, size).await.map(drop)
    };
    after(&app, &form.session, step.await).await
}

pub(in crate::console) async fn switch(
    State(app): State<App>,
    form: OwnForm,
) -> Result<Response, PageFailure> {
    let actor = Actor::Session(form.session.clone());
    let switched = match form.text("to") {
        "suspended" => app.site.suspend(actor).await,
        "running" => app.site.resume(actor).await,
        other => Err(Refusal::Malformed(format!("{other:?} is no state"))),
    };
    after(&app, &form.session, switched).await
}

pub(in crate::console) async fn reset(
    State(app): State<App>,
    form: OwnForm,
) -> Result<Response, PageFailure> {
    let actor = Actor::Session(form.session.clone());
    let reset = app.site.reset_mfa(actor, form.text("user")).await;
    after(&app, &form.session, reset.map(drop)).await
}

/// Sets the demo's clock forward. Sessions end by it as well.
pub(in crate::console) async fn let_time_pass(
    State(app): State<App>,
    form: OwnForm,
) -> Result<Response, PageFailure> {
    // Whoever may see the overview may let time pass.
    app.site
        .overview(Actor::Session(form.session.clone()))
        .await?;
    let days: u32 = form.number("days").unwrap_or(0);
    if !(1..=MAX_DAYS).contains(&days) {
        let refused = Refusal::Malformed(format!("days are 1 to {MAX_DAYS}"));
        return after(&app, &form.session, Err(refused)).await;
    }
    let (clock, before) = (app.clock.clone(), app.site.now());
    let passed = tokio::task::spawn_blocking(move || clock.let_pass(days)).await;
    let refusal = match passed.map_err(Refusal::Thread)? {
        Ok(()) => {
            let actor = Actor::Session(form.session.clone());
            app.site.note_clock(actor, days, before).await?;
            return Ok(Redirect::to("/sign-in").into_response());
        }
        Err(ClockError::Kept(error)) => Refusal::System(error),
        Err(error @ ClockError::TooFar) => {
            app.site.limits().reached(Limit::Clock);
            Refusal::Malformed(error.to_string())
        }
    };
    after(&app, &form.session, Err(refusal)).await
}

/// The page again, with what went wrong on top.
async fn after(
    app: &App,
    session: &SessionSecret,
    outcome: Result<(), Refusal>,
) -> Result<Response, PageFailure> {
    match outcome {
        Ok(()) => Ok(Redirect::to("/admin").into_response()),
        Err(refusal @ (Refusal::NoSession | Refusal::NotSignedIn | Refusal::NotAdministrator)) => {
            Err(refusal.into())
        }
        Err(refusal) if refusal.status().0.is_client_error() => {
            let (status, _) = refusal.status();
            let page = page(app, session, Some(&refusal.to_string())).await?;
            Ok((status, page).into_response())
        }
        Err(refusal) => Err(refusal.into()),
    }
}

async fn page(
    app: &App,
    session: &SessionSecret,
    alert: Option<&str>,
) -> Result<Markup, PageFailure> {
    let situation = app.site.situation(session).await?;
    let overview = app.site.overview(Actor::Session(session.clone())).await?;
    let body = html! {
        div.title {
            h1 { "MFA roll-out" }
            p.lead { "Ask for passkeys step by step, the most powerful users first." }
        }
        (forms::alert(alert))
        (parts::banner(&overview, &situation))
        (parts::tiles(&overview))
        div.columns.wide-left {
            (parts::policy(&overview, &situation))
            div.stack {
                (parts::cohorts(&overview, &situation))
                (parts::kill_switch(&overview, &situation))
            }
        }
        (parts::people(&overview, &situation, app.site.now()))
        (parts::clock(app, &situation))
    };
    Ok(layout::console(
        app,
        &situation,
        Place::Administration,
        "MFA roll-out",
        body,
    ))
}

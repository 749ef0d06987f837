//! The first page: user name and password.

use axum::Form;
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use maud::{Markup, html};
use serde::Deserialize;

use crate::console::app::App;
use crate::console::failure::PageFailure;
use crate::console::forms;
use crate::console::layout;
use crate::console::own_form::OwnForm;
use crate::console::people::{DEMO_PASSWORD, PEOPLE};
use crate::console::signed_in::next_step;
use crate::relying_party::cookies::{ClientAddress, no_session_cookie, session_cookie, session_of};
use crate::relying_party::policy::Requirement;
use crate::relying_party::refusal::Refusal;

#[derive(Deserialize)]
pub(in crate::console) struct Credentials {
    user: String,
    password: String,
}

pub(in crate::console) async fn show(State(app): State<App>, jar: CookieJar) -> Response {
    let session = session_of(&jar, &app.site);
    if let Some(session) = session {
        match app.site.situation(&session).await {
            Ok(situation) if next_step(&situation).is_none() => {
                return Redirect::to("/").into_response();
            }
            _ => {}
        }
    }
    page("", None).into_response()
}

/// Takes the password, and leads on to whatever is next.
pub(in crate::console) async fn enter(
    State(app): State<App>,
    client: ClientAddress,
    jar: CookieJar,
    form: Result<Form<Credentials>, FormRejection>,
) -> Result<Response, PageFailure> {
    let Form(Credentials { user, password }) = form.map_err(Refusal::from)?;
    let old = session_of(&jar, &app.site);
    let entered = app
        .site
        .accept_password(old, client.0, user.clone(), password);
    let mut session = match entered.await {
        Ok(session) => session,
        Err(refusal) if refusal.status().0.is_client_error() => {
            let (status, _) = refusal.status();
            let page = page(&user, Some(&refusal));
            return Ok((status, refusal.retry_after(), page).into_response());
        }
        Err(refusal) => return Err(refusal.into()),
    };
    let situation = app.site.situation(&session).await?;
    let mut next = next_step(&situation);
    // Nothing to say and nothing to show: straight in.
    if situation.devices == 0 && situation.requirement == Requirement::Nothing {
        session = app.site.admit(&session).await?;
        next = None;
    }
    let next = next.unwrap_or_else(|| Redirect::to("/"));
    Ok((jar.add(session_cookie(&session, &app.site)), next).into_response())
}

pub(in crate::console) async fn leave(
    State(app): State<App>,
    jar: CookieJar,
    form: OwnForm,
) -> Result<(CookieJar, Redirect), PageFailure> {
    app.site.sign_out(&form.session).await?;
    app.desk.clear(&form.session);
    Ok((
        jar.remove(no_session_cookie(&app.site)),
        Redirect::to("/sign-in"),
    ))
}

fn page(user: &str, refusal: Option<&Refusal>) -> Markup {
    let words = refusal.map(ToString::to_string);
    let locked = refusal.is_some_and(|r| r.status().0 == StatusCode::TOO_MANY_REQUESTS);
    layout::plain(
        "Sign in",
        html! {
            div.doorway {
                section.card.narrow aria-labelledby="sign-in" {
                    h1 #sign-in { "Sign in" }
                    p.lead { "First your password, then a passkey on your phone." }
                    (forms::alert(words.as_deref()))
                    form.stack method="post" action="/sign-in" {
                        label {
                            span { "User name" }
                            input name="user" value=(user) required autofocus[user.is_empty()]
                                autocomplete="username" autocapitalize="none" spellcheck="false";
                        }
                        label {
                            span { "Password" }
                            input type="password" name="password" required
                                autofocus[!user.is_empty() && !locked]
                                autocomplete="current-password";
                        }
                        button.primary.wide { "Continue" }
                    }
                }
                section.people aria-labelledby="people" {
                    h2 #people { "People of this demo" }
                    p { "Everybody’s password is " code { (DEMO_PASSWORD) } "." }
                    ul {
                        @for person in &PEOPLE {
                            li {
                                button.person type="button" data-person=(person.name)
                                    data-password=(DEMO_PASSWORD) {
                                    span.name { (person.name) }
                                    span.about {
                                        (person.display_name) " · " (person.account)
                                    }
                                    span.role { (person.role) }
                                }
                            }
                        }
                    }
                }
            }
        },
    )
}

//! The parts of the roll-out page.

use std::time::SystemTime;

use maud::{Markup, html};

use crate::console::app::App;
use crate::console::forms;
use crate::console::words::{day, days_until, moment, plural};
use crate::relying_party::policy::{Mode, Population, Requirement};
use crate::relying_party::site::{Overview, PersonOverview, Situation};

pub(super) fn banner(overview: &Overview, situation: &Situation) -> Markup {
    html! {
        @if let Some(since) = overview.policy.suspended_since {
            div.banner.warning role="status" {
                p { strong { "Enforcement is suspended" } " since " (moment(since)) ". Nobody is asked for anything new, and grace periods stand still." }
                (forms::form("/admin/switch", situation, html! {
                    input type="hidden" name="to" value="running";
                    button { "Resume enforcement" }
                }))
            }
        }
    }
}

/// The figures that tell how far it is.
pub(super) fn tiles(overview: &Overview) -> Markup {
    let people = &overview.people;
    let all = people.len();
    let reached = count(people, |person| person.user.cohort.is_some());
    let protected = count(people, |person| person.devices > 0);
    let stopped = count(people, |person| {
        person.devices == 0 && person.requirement == Requirement::Mandatory
    });
    html! {
        dl.tiles {
            (tile("Under the policy", reached, all))
            (tile("With a passkey", protected, all))
            div.tile {
                dt { "Must register at the next sign-in" }
                dd { strong { (stopped) } " " (if stopped == 1 { "user" } else { "users" }) }
            }
        }
    }
}

fn tile(title: &str, count: usize, all: usize) -> Markup {
    html! {
        div.tile {
            dt { (title) }
            dd {
                strong { (count) } " of " (all)
                progress max=(all.max(1)) value=(count) aria-label=(title) {}
            }
        }
    }
}

/// A mode for each population, with how far each is.
pub(super) fn policy(overview: &Overview, situation: &Situation) -> Markup {
    let grace = overview.policy.grace.as_secs() / SECONDS_A_DAY;
    html! {
        section.card aria-labelledby="policy" {
            h2 #policy { "Policy" }
            ul.populations {
                @for population in Population::ALL { (population_row(overview, situation, population)) }
            }
            div.split {
                p.hint {
                    strong { "Notify" } " shows a message at sign-in. " strong { "Grace" }
                    " adds a deadline that runs from the first one. " strong { "Enforced" }
                    " lets nobody in without a passkey."
                }
                (forms::form("/admin/grace", situation, html! {
                    label.inline {
                        span { "Grace period" }
                        input.small type="number" name="days" min="1" max="365" value=(grace) required;
                        span { "days" }
                    }
                    button { "Save" }
                }))
            }
        }
    }
}

fn population_row(overview: &Overview, situation: &Situation, population: Population) -> Markup {
    let members = overview.people.iter();
    let members: Vec<_> = members
        .filter(|person| person.user.population == population)
        .collect();
    let protected = members.iter().filter(|person| person.devices > 0).count();
    let reached = members.iter().filter(|person| person.user.cohort.is_some());
    let present = overview.policy.mode(population);
    html! {
        li {
            div {
                h3 { (population.title()) }
                p.meta { (reached.count()) " of " (members.len()) " reached · " (protected) " with a passkey" }
                progress max=(members.len().max(1)) value=(protected) aria-label=(format!("{}: with a passkey", population.title())) {}
            }
            (forms::form("/admin/mode", situation, html! {
                input type="hidden" name="population" value=(population.code());
                fieldset.segments data-submits {
                    legend.hidden { "Mode for: " (population.title()) }
                    @for mode in Mode::ALL {
                        label {
                            input type="radio" name="mode" value=(mode.code()) checked[mode == present];
                            span { (title(mode)) }
                        }
                    }
                }
                button.set { "Set" }
            }))
        }
    }
}

fn title(mode: Mode) -> &'static str {
    match mode {
        Mode::Off => "Off",
        Mode::Notify => "Notify",
        Mode::Grace => "Grace",
        Mode::Enforced => "Enforced",
    }
}

/// The steps that were made, and the next.
pub(super) fn cohorts(overview: &Overview, situation: &Situation) -> Markup {
    let left = count(&overview.people, |person| person.user.cohort.is_none());
    html! {
        section.card aria-labelledby="cohorts" {
            h2 #cohorts { "Cohorts" }
            @if overview.cohorts.is_empty() {
                p.hint { "Nobody is under the policy yet. Begin with one user: the root of the management account." }
            } @else {
                ol.cohorts {
                    @for cohort in &overview.cohorts {
                        li {
                            span { strong { (cohort.number) } " · " (plural(u64::try_from(cohort.users).unwrap_or(0), "user", "users")) }
                            span.meta { (moment(cohort.began)) }
                        }
                    }
                }
            }
            @if left == 0 {
                p.verdict.good { "Every user is reached" }
            } @else {
                (forms::form("/admin/cohort", situation, html! {
                    label.inline {
                        span { "Next cohort" }
                        input.small name="size" value="1" required pattern="[0-9]+ *%?" autocomplete="off" aria-describedby="size-hint";
                    }
                    button.primary { "Roll out" }
                    small.hint #size-hint { "A number of users, or a percentage such as 25% · " (left) " left" }
                }))
            }
        }
    }
}

pub(super) fn kill_switch(overview: &Overview, situation: &Situation) -> Markup {
    html! {
        @if overview.policy.suspended_since.is_none() {
            section.card aria-labelledby="switch" {
                h2 #switch { "Kill switch" }
                p.hint {
                    "If sign-in breaks for many, suspend enforcement at once: nobody is asked to register. "
                    "Whoever has a passkey still has to show it."
                }
                (forms::form("/admin/switch", situation, html! {
                    input type="hidden" name="to" value="suspended";
                    button.danger { "Suspend enforcement" }
                }))
            }
        }
    }
}

/// Every user with what the policy means for them.
pub(super) fn people(overview: &Overview, situation: &Situation, now: SystemTime) -> Markup {
    html! {
        section.card aria-labelledby="users" {
            h2 #users { "Users" }
            div.scroll tabindex="0" role="region" aria-label="Users" {
                table {
                    thead { tr { th scope="col" { "User" } th scope="col" { "Account" } th scope="col" { "Cohort" } th scope="col" { "Passkeys" } th scope="col" { "At the next sign-in" } th scope="col" { span.hidden { "Recovery" } } } }
                    tbody {
                        @for person in &overview.people {
                            tr {
                                th scope="row" { (person.user.name) }
                                td { bdi { (person.user.account) } }
                                td.number { @if let Some(cohort) = person.user.cohort { (cohort) } @else { "–" } }
                                td.number { (person.devices) }
                                td { (next(person, now)) }
                                td.end {
                                    @if person.devices > 0 && person.user.id != situation.user.id {
                                        details.menu {
                                            summary { "Reset" }
                                            (forms::form("/admin/reset", situation, html! {
                                                input type="hidden" name="user" value=(person.user.name);
                                                p { "All passkeys of " (person.user.name) " are deleted. Only for somebody who lost every device, and whom you have recognised." }
                                                button.danger { "Reset MFA" }
                                            }))
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn next(person: &PersonOverview, now: SystemTime) -> Markup {
    html! {
        @if person.devices > 0 {
            span.chip.good { "Passkey" }
        } @else {
            @match person.requirement {
                Requirement::Nothing => span.chip { "Nothing" },
                Requirement::Advised => span.chip { "Message" },
                Requirement::Due(deadline) => span.chip.warning title=(format!("{} days left", days_until(deadline, now))) {
                    @if person.user.grace_began.is_some() { "Due " (day(deadline)) } @else { "Grace period begins" }
                },
                Requirement::Mandatory => span.chip.bad { "Must register" },
            }
        }
    }
}

pub(super) fn clock(app: &App, situation: &Situation) -> Markup {
    html! {
        section.card.demo-only aria-labelledby="clock" {
            h2 #clock { span.tag { "Demo" } " Clock" }
            p.hint {
                "It is " (moment(app.site.now())) " for this console. Nobody waits 35 days for a demo: "
                "let time pass. Sessions end by this clock too, so you will sign in again."
            }
            (forms::form("/admin/clock", situation, html! {
                label.inline {
                    span { "Let pass" }
                    input.small type="number" name="days" min="1" max="365" value="36" required;
                    span { "days" }
                }
                button { "Go" }
            }))
        }
    }
}

fn count(people: &[PersonOverview], which: impl Fn(&PersonOverview) -> bool) -> usize {
    people.iter().filter(|person| which(person)).count()
}

const SECONDS_A_DAY: u64 = 24 * 60 * 60;

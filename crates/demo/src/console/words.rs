//! How pages say things to people: refusals, moments, days and counts.

use std::time::{Duration, SystemTime};

use maud::{Markup, html};
use time::OffsetDateTime;
use time::macros::format_description;

/// A refusal's words as a sentence.
pub(super) fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let Some(first) = letters.next() else {
        return String::new();
    };
    let rest = letters.as_str();
    let stop = if rest.ends_with(['.', '?', '!']) {
        ""
    } else {
        "."
    };
    format!("{}{rest}{stop}", first.to_uppercase())
}

/// A moment, for people and for programs.
pub(super) fn moment(at: SystemTime) -> Markup {
    let at = OffsetDateTime::from(at);
    let shown = at.format(format_description!(
        "[day padding:none] [month repr:short] [year], [hour]:[minute]"
    ));
    let machine = at.format(format_description!(
        "[year]-[month]-[day]T[hour]:[minute]:[second]Z"
    ));
    html! {
        time datetime=(machine.unwrap_or_default()) title="UTC" { (shown.unwrap_or_default()) }
    }
}

/// A day, for people and for programs.
pub(super) fn day(at: SystemTime) -> Markup {
    let at = OffsetDateTime::from(at);
    let shown = at.format(format_description!(
        "[day padding:none] [month repr:long] [year]"
    ));
    let machine = at.format(format_description!("[year]-[month]-[day]"));
    html! { time datetime=(machine.unwrap_or_default()) { (shown.unwrap_or_default()) } }
}

/// How many whole days from now on, rounded up.
pub(super) fn days_until(then: SystemTime, now: SystemTime) -> u64 {
    let left = then.duration_since(now).unwrap_or_default();
    left.as_secs().div_ceil(Duration::from_hours(24).as_secs())
}

pub(super) fn plural(count: u64, one: &str, many: &str) -> String {
    if count == 1 {
        format!("1 {one}")
    } else {
        format!("{count} {many}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_rounded_up_and_never_negative() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_hours(24);
        assert_eq!(days_until(now + Duration::from_secs(1), now), 1);
        assert_eq!(days_until(now + Duration::from_hours(48), now), 2);
        assert_eq!(days_until(SystemTime::UNIX_EPOCH, now), 0);
    }

    #[test]
    fn words_become_sentences() {
        assert_eq!(sentence("no such user"), "No such user.");
        assert_eq!(sentence("why?"), "Why?");
        assert_eq!(sentence(""), "");
    }

    #[test]
    fn moments_are_utc() {
        let shown = moment(SystemTime::UNIX_EPOCH).into_string();
        assert!(shown.contains("1 Jan 1970, 00:00"), "{shown}");
        assert!(shown.contains("1970-01-01T00:00:00Z"), "{shown}");
    }
}

//! What the person with the phone is shown, and what an answer means. Text in, text out.

use hawser_phone::{Account, Ask, Decision, Operation};

use crate::paper::Paper;

/// What a typed line means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Decided(Decision),
    Unclear,
}

/// The question. The relying party's id comes first: nobody can choose it freely.
pub(super) fn question(ask: &Ask<'_>, paper: Paper) -> String {
    let site = paper.style().bold().apply_to(shown(ask.rp_id));
    let frame = paper.style().magenta();
    let bar = frame.apply_to("│");
    let mut lines = vec![
        format!("{} On the phone", frame.apply_to("╭─")),
        format!("{bar}"),
        format!("{bar}  {site} {}", wish(ask.operation)),
    ];
    if let Some(name) = ask.rp_name.filter(|name| *name != ask.rp_id) {
        let words = format!("The site calls itself {:?}.", shown(name));
        lines.push(format!("{bar}  {}", paper.style().dim().apply_to(words)));
    }
    lines.push(bar.to_string());
    let numbered = ask.accounts.len() > 1;
    for (index, account) in ask.accounts.iter().enumerate() {
        let number = if numbered {
            format!("{}  ", index + 1)
        } else {
            String::new()
        };
        lines.push(format!("{bar}    {number}{}", named(account)));
    }
    if !ask.accounts.is_empty() {
        lines.push(bar.to_string());
    }
    if ask.user_verification {
        let words = "Yes also says that it is you: this terminal stands for PIN or fingerprint.";
        lines.push(format!("{bar}  {}", paper.style().dim().apply_to(words)));
    }
    lines.push(format!(
        "{} {}",
        frame.apply_to("╰─"),
        paper.style().bold().apply_to(choices(ask))
    ));
    let indented = lines.iter().map(|line| format!("  {line}"));
    format!("\n{}\n", indented.collect::<Vec<_>>().join("\n"))
}

/// After a line that means nothing.
pub(super) fn again(ask: &Ask<'_>) -> String {
    format!("  {}", choices(ask))
}

pub(super) fn answer(line: &str, ask: &Ask<'_>) -> Answer {
    let line = line.trim().to_lowercase();
    let accounts = ask.accounts.len();
    match line.as_str() {
        "" | "n" | "no" => Answer::Decided(Decision::Decline),
        "y" | "yes" if accounts <= 1 => Answer::Decided(Decision::Approve),
        number if accounts > 1 => match number.parse::<usize>() {
            Ok(number) if (1..=accounts).contains(&number) => {
                Answer::Decided(Decision::ApproveAs(number - 1))
            }
            _ => Answer::Unclear,
        },
        _ => Answer::Unclear,
    }
}

/// The question in a few words, for the line that tells what was decided.
pub(super) fn in_short(ask: &Ask<'_>) -> String {
    let what = match ask.operation {
        Operation::Register => "make a passkey",
        Operation::SignIn => "sign in",
        Operation::AlreadyRegistered => "say that there is a passkey",
        _ => "say that there is no passkey",
    };
    match ask.accounts {
        [account] => format!("{}: {what} as {}", shown(ask.rp_id), named(account)),
        _ => format!("{}: {what}", shown(ask.rp_id)),
    }
}

fn choices(ask: &Ask<'_>) -> String {
    match ask.accounts.len() {
        0 | 1 => "Do it? Type y and Enter. Enter alone declines.".to_owned(),
        accounts => {
            format!("Which one? Type 1 to {accounts} and Enter. Enter alone declines.")
        }
    }
}

const fn wish(operation: Operation) -> &'static str {
    match operation {
        Operation::Register => "wants to make a passkey on this phone for",
        Operation::SignIn => "wants you to sign in with a passkey, as",
        Operation::AlreadyRegistered => {
            "wants a passkey for an account that has one on this phone. May it know?"
        }
        _ => "wants you to sign in, and this phone has no passkey for it. May it know?",
    }
}

fn named(account: &Account<'_>) -> String {
    match (account.name, account.display_name) {
        (Some(name), Some(display)) if name != display => {
            format!("{} ({})", shown(name), shown(display))
        }
        (Some(name), _) | (None, Some(name)) => shown(name),
        (None, None) => "an account without a name".to_owned(),
    }
}

/// Text of a stranger: one line, of a sensible length, without anything that a terminal obeys.
fn shown(text: &str) -> String {
    let mut letters = text.chars().filter(|letter| !is_trick(*letter));
    let mut shown: String = letters.by_ref().take(LONGEST_NAME).collect();
    if letters.next().is_some() {
        shown.push('…');
    }
    shown
}

/// Control characters, and those that turn the direction of writing or take no room.
fn is_trick(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}'
        )
}

/// Letters of a stranger's text that are shown: domain names of sites that mean well are shorter.
const LONGEST_NAME: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    // `Ask` cannot be made outside of its crate, so whole questions are tested where a phone asks them.

    #[test]
    fn what_strangers_write_cannot_move_the_cursor_or_turn_the_line() {
        assert_eq!(shown("a\u{1b}[2Kb\r\nc\u{202E}d"), "a[2Kbcd");
        let long = "x".repeat(65);
        assert_eq!(shown(&long), format!("{}…", "x".repeat(64)));
        assert_eq!(shown(&long[..64]), long[..64]);
    }
}

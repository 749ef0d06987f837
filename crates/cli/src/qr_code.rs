//! A QR code on a terminal.

use console::Style;

/// Colours the half blocks of a code: black on white, whatever colours the terminal has.
///
/// Full blocks get a white ground as well, because many fonts leave gaps between the lines. The last line of a code of odd
/// height has no ground: what is below the code is the terminal's.
pub(crate) fn in_colour(screen: &str) -> String {
    let white = Style::new().force_styling(true).color256(WHITE);
    let mut lines = screen.lines().peekable();
    let mut coloured = Vec::new();
    while let Some(line) = lines.next() {
        let below_is_ours = lines.peek().is_some() || line.contains('█');
        let mut cells = line.chars().peekable();
        let mut painted = String::new();
        while let Some(cell) = cells.next() {
            let mut run = String::from(cell);
            let ground = ground(cell);
            while let Some(cell) = cells.next_if(|cell| self::ground(*cell) == ground) {
                run.push(cell);
            }
            let style = if below_is_ours {
                white.clone().on_color256(ground)
            } else {
                white.clone()
            };
            painted.push_str(&style.apply_to(run).to_string());
        }
        coloured.push(painted);
    }
    coloured.join("\n")
}

const fn ground(cell: char) -> u8 {
    match cell {
        '█' => WHITE,
        _ => BLACK,
    }
}

/// Corners of the 256-colour cube: themes change the sixteen named colours, but not these.
const WHITE: u8 = 231;
const BLACK: u8 = 16;

#[cfg(test)]
mod tests {
    use hawser_demo::qr_picture::{Picture, read_terminal};

    use super::*;

    #[test]
    fn a_coloured_code_is_the_same_code() {
        let screen = Picture::of("FIDO:/16736865").unwrap().terminal();
        let coloured = in_colour(&screen);
        assert_eq!(console::strip_ansi_codes(&coloured), screen);
        assert_eq!(read_terminal(&coloured).unwrap(), "FIDO:/16736865");
    }
}

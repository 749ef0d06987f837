//! Reads the QR code on a screenshot.
//!
//! A browser draws its code with dots for modules, round corners and a picture in the middle. A phone's camera copes; the detector of
//! rqrr does not, since it expects squares. On a screenshot nothing is tilted, so the three finder patterns are looked for
//! here, each module is sampled at its centre, and rqrr decodes the clean grid.

use image::{GrayImage, RgbImage};
use rqrr::{Grid, SimpleGrid};

/// The text of the QR code in the picture, if there is one.
#[must_use]
pub fn qr_code(picture: &RgbImage) -> Option<String> {
    let grey = image::imageops::grayscale(picture);
    let (corner, right, below) = corners(&finders(&grey))?;
    let modules = ((right.x - corner.x) / corner.module).round() + 7.0;
    // Sizes are 21, 25, 29 and so on; the module width is known less exactly than the distance.
    let size = (21_u16..=177).step_by(4).min_by(|a, b| {
        let off = |size: &u16| (f64::from(*size) - modules).abs();
        off(a).total_cmp(&off(b))
    })?;
    let step = f64::from(size - 7);
    let (across, down) = ((right.x - corner.x) / step, (below.y - corner.y) / step);
    let grid = SimpleGrid::from_func(size.into(), |column, row| {
        let at = |start: f64, step: f64, index: usize| {
            u16::try_from(index).map_or(start, |index| start + (f64::from(index) - 3.0) * step)
        };
        dark(&grey, at(corner.x, across, column), at(corner.y, down, row))
    });
    Grid::new(grid).decode().ok().map(|(_, text)| text)
}

/// The centre of a finder pattern.
#[derive(Clone, Copy, Debug)]
struct Finder {
    x: f64,
    y: f64,
    /// The width of one module in pixels.
    module: f64,
    /// Rows in which it was seen.
    rows: u32,
}

/// Everything that has the proportions of a finder pattern, 1:1:3:1:1 dark and light, in both directions.
fn finders(grey: &GrayImage) -> Vec<Finder> {
    let mut found: Vec<Finder> = Vec::new();
    for y in 0..grey.height() {
        let row = runs((0..grey.width()).map(|x| is_dark(grey, x, y)));
        for (x, module) in patterns(&row) {
            let column = runs((0..grey.height()).map(|y| is_dark(grey, rounded(x), y)));
            let Some((y, _)) =
                patterns(&column).find(|(centre, _)| (centre - f64::from(y)).abs() < 1.5 * module)
            else {
                continue;
            };
            let near = |finder: &&mut Finder| {
                (finder.x - x).abs() < module && (finder.y - y).abs() < module
            };
            match found.iter_mut().find(near) {
                Some(finder) => finder.rows += 1,
                None => found.push(Finder {
                    x,
                    y,
                    module,
                    rows: 1,
                }),
            }
        }
    }
    found
}

/// The three finder patterns, by place: top left, top right, bottom left.
fn corners(found: &[Finder]) -> Option<(Finder, Finder, Finder)> {
    let mut best = found.to_vec();
    best.sort_by_key(|finder| std::cmp::Reverse(finder.rows));
    let [a, b, c] = *best.get(..3)? else {
        return None;
    };
    let mut three = [a, b, c];
    three.sort_by(|a, b| (a.x + a.y).total_cmp(&(b.x + b.y)));
    let [corner, one, other] = three;
    Some(if one.x > other.x {
        (corner, one, other)
    } else {
        (corner, other, one)
    })
}

/// Lengths of runs of the same shade, with where they start. The first is light, possibly of length zero.
fn runs(pixels: impl Iterator<Item = bool>) -> Vec<(u32, u32)> {
    let mut runs = vec![(0, 0)];
    let mut shade = false;
    for (position, dark) in (0..).zip(pixels) {
        if dark != shade {
            runs.push((position, 0));
            shade = dark;
        }
        if let Some((_, length)) = runs.last_mut() {
            *length += 1;
        }
    }
    runs
}

/// Centres and module widths of what looks like a finder pattern in a line.
fn patterns(runs: &[(u32, u32)]) -> impl Iterator<Item = (f64, f64)> {
    runs.windows(5).enumerate().filter_map(|(index, window)| {
        // Every second run is light.
        let &[(start, _), ..] = window else {
            return None;
        };
        if index % 2 == 0 {
            return None;
        }
        let lengths = window.iter().map(|(_, length)| *length);
        let total = f64::from(lengths.clone().sum::<u32>());
        let module = total / 7.0;
        let fits = |(length, modules): (u32, f64)| {
            (f64::from(length) - modules * module).abs() <= module * 0.6
        };
        let is_finder = module >= 2.0 && lengths.zip([1.0, 1.0, 3.0, 1.0, 1.0]).all(fits);
        is_finder.then(|| (f64::from(start) + total / 2.0, module))
    })
}

fn dark(grey: &GrayImage, x: f64, y: f64) -> bool {
    is_dark(grey, rounded(x), rounded(y))
}

fn is_dark(grey: &GrayImage, x: u32, y: u32) -> bool {
    grey.get_pixel_checked(x, y)
        .is_some_and(|pixel| pixel.0 < [128])
}

#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a place in a picture; the conversion saturates"
)]
fn rounded(place: f64) -> u32 {
    place.floor() as u32
}

//! Line plots as SVG, drawn here so that a report needs neither scripts nor a network.

pub(crate) mod axis;

use std::fmt::Write as _;

use self::axis::Axis;
use crate::report::escape::escape;

/// Width and height of a drawing, in its own units.
const SIZE: (f64, f64) = (640.0, 280.0);

/// Room for the figures beside the axes: left, right, top, bottom.
const MARGIN: (f64, f64, f64, f64) = (70.0, 14.0, 10.0, 34.0);

/// Points that still show their values when pointed at; more would be a blur.
const MARKED_MAX: usize = 40;

/// Places on the axes; `None` is a gap.
pub(crate) type Points = Vec<(f64, Option<f64>)>;

/// One line.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) points: Points,
    pub(crate) is_dashed: bool,
}

impl Line {
    pub(crate) fn new(name: impl Into<String>, points: Points) -> Self {
        Self {
            name: name.into(),
            points,
            is_dashed: false,
        }
    }

    pub(crate) fn dashed(mut self) -> Self {
        self.is_dashed = true;
        self
    }

    fn has_points(&self) -> bool {
        self.points.iter().any(|(_, y)| y.is_some())
    }
}

/// A plot with its title, axes and lines.
#[derive(Debug)]
pub(crate) struct Plot {
    pub(crate) title: String,
    /// What it shows, in a sentence.
    pub(crate) hint: String,
    pub(crate) x: Axis,
    pub(crate) y: Axis,
    pub(crate) lines: Vec<Line>,
}

impl Plot {
    /// A figure element, or nothing when there is nothing to see.
    pub(crate) fn render(&self) -> String {
        let lines: Vec<(usize, &Line)> = self
            .lines
            .iter()
            .filter(|line| line.has_points())
            .enumerate()
            .collect();
        if lines.is_empty() {
            return String::new();
        }
        let mut out = format!(
            "<figure><figcaption><strong>{}</strong> <span>{}</span></figcaption>\n<p class=\"legend\">",
            escape(&self.title),
            escape(&self.hint)
        );
        for (at, line) in &lines {
            let dash = if line.is_dashed { " dashed" } else { "" };
            // Writing into a string does not fail.
            let _ = write!(
                out,
                "<span class=\"key c{}{dash}\">{}</span> ",
                at % 6,
                escape(&line.name)
            );
        }
        let (width, height) = SIZE;
        let _ = writeln!(
            out,
            "</p>\n<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{}\">",
            escape(&self.title)
        );
        self.grid(&mut out);
        for (at, line) in &lines {
            self.line(&mut out, at % 6, line);
        }
        out += "</svg></figure>\n";
        out
    }

    fn at_x(&self, value: f64) -> f64 {
        let (left, right, ..) = MARGIN;
        left + self.x.position(value) * (SIZE.0 - left - right)
    }

    fn at_y(&self, value: f64) -> f64 {
        let (.., top, bottom) = MARGIN;
        SIZE.1 - bottom - self.y.position(value) * (SIZE.1 - top - bottom)
    }

    fn grid(&self, out: &mut String) {
        let (left, right, top, bottom) = MARGIN;
        let (end_x, end_y) = (SIZE.0 - right, SIZE.1 - bottom);
        for (value, text) in self.y.ticks() {
            let y = self.at_y(value);
            let _ = writeln!(
                out,
                "<line class=\"grid\" x1=\"{left}\" x2=\"{end_x}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
                 <text class=\"y\" x=\"{}\" y=\"{:.1}\">{}</text>",
                left - 8.0,
                y + 4.0,
                escape(&text)
            );
        }
        for (value, text) in self.x.ticks() {
            let x = self.at_x(value);
            let _ = writeln!(
                out,
                "<line class=\"grid\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{top}\" y2=\"{end_y}\"/>\
                 <text class=\"x\" x=\"{x:.1}\" y=\"{}\">{}</text>",
                end_y + 16.0,
                escape(&text)
            );
        }
        let _ = writeln!(
            out,
            "<line class=\"axis\" x1=\"{left}\" x2=\"{end_x}\" y1=\"{end_y}\" y2=\"{end_y}\"/>"
        );
    }

    fn line(&self, out: &mut String, colour: usize, line: &Line) {
        let mut path = String::new();
        let mut pen_down = false;
        for (x, y) in &line.points {
            let Some(y) = y else {
                pen_down = false;
                continue;
            };
            let command = if pen_down { 'L' } else { 'M' };
            let _ = write!(path, "{command}{:.1} {:.1}", self.at_x(*x), self.at_y(*y));
            pen_down = true;
        }
        let dash = if line.is_dashed { " dashed" } else { "" };
        let _ = writeln!(out, "<path class=\"line c{colour}{dash}\" d=\"{path}\"/>");
        let points: Vec<(f64, f64)> = line
            .points
            .iter()
            .filter_map(|(x, y)| Some((*x, (*y)?)))
            .collect();
        if points.len() > MARKED_MAX {
            return;
        }
        for (x, y) in points {
            let _ = writeln!(
                out,
                "<circle class=\"c{colour}\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\"><title>{} {}: {}</title></circle>",
                self.at_x(x),
                self.at_y(y),
                escape(&line.name),
                escape(&self.x.show(x)),
                escape(&self.y.show(y))
            );
        }
    }
}

//! Which source counts: a flag before the environment, that before the file, that before the default.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use clap::ArgMatches;
use clap::parser::ValueSource;

use super::check::{Problem, Warning, check};
use super::file;
use super::flags::{self, Action};
use super::table::{Key, Settings, VARIABLE_PREFIX};
use super::value::Invalid;

/// Settings that were found, and where.
#[derive(Debug)]
pub struct Loaded {
    /// What to do.
    pub action: Action,
    /// What is in force.
    pub settings: Settings,
    /// Where each setting comes from that is not the default.
    pub origins: Origins,
    /// What an operator should know.
    pub warnings: Vec<Warning>,
}

/// Where settings come from.
#[derive(Debug, Default)]
pub struct Origins(BTreeMap<String, Origin>);

/// Where a setting comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A flag.
    Flag(String),
    /// An environment variable.
    Variable(String),
    /// A line of the file.
    Line(PathBuf, usize),
}

/// Why there are no settings.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// What is wrong, all of it, with the place of each.
    #[error("{}", .0.join("\n"))]
    Wrong(Vec<String>),
}

impl Origins {
    /// Where this setting comes from, unless it is the default.
    #[must_use]
    pub fn of(&self, key: &str) -> Option<&Origin> {
        self.0.get(key)
    }

    /// Where to look for a setting: its place, or its name if nobody gave it.
    fn place(&self, key: &str) -> String {
        self.of(key)
            .map_or_else(|| format!("{key} (default)"), ToString::to_string)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "--{name}"),
            Self::Variable(name) => f.write_str(name),
            Self::Line(path, number) => write!(f, "{}:{number}", path.display()),
        }
    }
}

/// Collects the settings from a parsed command line, this process's environment and the file that
/// is named there.
///
/// # Errors
/// [`LoadError`] with everything that cannot be read, not only the first; if all can be, with everything
/// that contradicts itself.
pub fn load(matches: &ArgMatches, environment: &[String]) -> Result<Loaded, LoadError> {
    let mut found = Found::default();
    found.unknown_variables(environment);
    if let Some(path) = matches.get_one::<PathBuf>(flags::FILE) {
        found.file(path)?;
    }
    for key in Key::all() {
        if let Some((text, source)) = flags::given(matches, key) {
            let origin = match source {
                ValueSource::EnvVariable => Origin::Variable(key.variable()),
                _ => Origin::Flag(key.name()),
            };
            if let Err(invalid) = found.set(key, &text, origin.clone()) {
                found.wrong.push(format!("{origin}: {invalid}"));
            }
        }
    }
    let Found {
        settings,
        origins,
        wrong,
    } = found;
    // A setting that could not be read still has its default, and what that contradicts nobody wrote.
    if !wrong.is_empty() {
        return Err(LoadError::Wrong(wrong));
    }
    let given = |name: &str| origins.of(name).is_some();
    let (problems, warnings) = check(&settings, &given);
    if !problems.is_empty() {
        let wrong = problems.iter().map(|problem| describe(problem, &origins));
        return Err(LoadError::Wrong(wrong.collect()));
    }
    Ok(Loaded {
        action: flags::action(matches),
        settings,
        origins,
        warnings,
    })
}

#[derive(Default)]
struct Found {
    settings: Settings,
    origins: Origins,
    wrong: Vec<String>,
}

impl Found {
    fn set(&mut self, key: Key, text: &str, origin: Origin) -> Result<(), Invalid> {
        key.set(&mut self.settings, text)?;
        self.origins.0.insert(key.name(), origin);
        Ok(())
    }

    fn file(&mut self, path: &Path) -> Result<(), LoadError> {
        let content = std::fs::read_to_string(path).map_err(|source| LoadError::File {
            path: path.to_owned(),
            source,
        })?;
        let place = |number| Origin::Line(path.to_owned(), number);
        let (lines, wrong) = file::read(&content).unwrap_or_else(|wrong| (Vec::new(), vec![wrong]));
        let mut complaints: Vec<_> = wrong
            .into_iter()
            .map(|wrong| (wrong.number, wrong.what))
            .collect();
        for line in lines {
            if let Some(key) = Key::named(&line.key)
                && let Err(invalid) = self.set(key, &line.text, place(line.number))
            {
                complaints.push((line.number, invalid.to_string()));
            }
        }
        complaints.sort_by_key(|(number, _)| *number);
        let told = complaints
            .into_iter()
            .map(|(number, what)| format!("{}: {what}", place(number)));
        self.wrong.extend(told);
        Ok(())
    }

    /// A misspelt variable would be without effect, and nobody would know.
    fn unknown_variables(&mut self, environment: &[String]) {
        for name in environment {
            let Some(rest) = name.strip_prefix(VARIABLE_PREFIX) else {
                continue;
            };
            let known = rest == "CONFIG" || Key::all().any(|key| key.variable() == *name);
            if !known && !is_service_link(rest) {
                self.wrong
                    .push(format!("{name}: no such setting; --help lists all of them"));
            }
        }
    }
}

/// Kubernetes sets such variables for a Service by the name of `hawser-relay`, or one that begins
/// so: `HAWSER_RELAY_SERVICE_HOST`, `HAWSER_RELAY_PORT_443_TCP_ADDR`.
fn is_service_link(rest: &str) -> bool {
    let words: Vec<_> = rest.split('_').collect();
    words
        .windows(2)
        .any(|pair| matches!(pair, ["SERVICE", "HOST" | "PORT"]))
        || words.ends_with(&["PORT"])
        || words
            .windows(2)
            .any(|pair| matches!(pair, ["PORT", number] if number.bytes().all(|digit| digit.is_ascii_digit())))
}

fn describe(problem: &Problem, origins: &Origins) -> String {
    let places: Vec<_> = problem.keys.iter().map(|key| origins.place(key)).collect();
    format!("{}: {}", places.join(", "), problem.what)
}

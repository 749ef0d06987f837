//! Reads runs and compares them.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::args::ReportArgs;
use crate::report::files::FileError;
use crate::report::record::{Outcome, Record};
use crate::report::{compare, files, html, table};
use crate::scenario::finish::Failed;

/// One file is shown as its run showed it; several side by side.
pub(crate) fn run(args: &ReportArgs) -> Result<Outcome, Failed> {
    let (names, records) = read(&args.files)?;
    let shown = match records.as_slice() {
        [one] => files::print(table::run(one)),
        several => {
            let cells = compare::cells(&names, several);
            files::print(format!("\n{}\n", table::aligned(&cells)))
        }
    };
    // Whether or not that could be shown.
    if let Some(path) = &args.html {
        files::write(path, html::page(&names, &records))?;
    }
    shown?;
    Ok(Outcome::Passed)
}

/// The runs in files, and what to call them.
pub(crate) fn read(paths: &[PathBuf]) -> Result<(Vec<String>, Vec<Record>), FileError> {
    let records = paths.iter().map(|path| files::read_json(path));
    let records = records.collect::<Result<_, _>>()?;
    let stem = |path: &PathBuf| path.file_stem().unwrap_or_default().to_owned();
    let stems: BTreeSet<_> = paths.iter().map(stem).collect();
    let name = |path: &PathBuf| {
        // Machines often write files of one name, in a folder for each.
        let name = if stems.len() == paths.len() {
            stem(path)
        } else {
            path.clone().into()
        };
        name.to_string_lossy().into_owned()
    };
    Ok((paths.iter().map(name).collect(), records))
}

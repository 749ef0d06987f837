//! Reads runs and compares them.

use crate::args::ReportArgs;
use crate::report::record::{Outcome, Record};
use crate::report::{compare, files, html, table};
use crate::scenario::finish::{Failed, print};

/// One file is shown as its run showed it; several side by side.
pub(crate) fn run(args: &ReportArgs) -> Result<Outcome, Failed> {
    let records = args
        .files
        .iter()
        .map(|path| files::read_json(path))
        .collect::<Result<Vec<Record>, _>>()?;
    let names: Vec<String> = args
        .files
        .iter()
        .map(|path| {
            let stem = path.file_stem().unwrap_or_default();
            stem.to_string_lossy().into_owned()
        })
        .collect();
    match records.as_slice() {
        [one] => print(&table::run(one)),
        several => {
            print("\n");
            print(&table::aligned(&compare::cells(&names, several)));
            print("\n");
        }
    }
    if let Some(path) = &args.html {
        files::write(path, html::page(&names, &records))?;
    }
    Ok(Outcome::Passed)
}

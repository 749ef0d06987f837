//! Reads the runs of several machines and reports them as one.

use crate::args::MergeArgs;
use crate::report::record::{GateResult, Outcome};
use crate::report::{files, merge};
use crate::scenario::finish::{Failed, command, figure, print_and_write};
use crate::scenario::report::read;

pub(crate) fn run(args: &MergeArgs) -> Result<Outcome, Failed> {
    let output = &args.output;
    for path in output.paths() {
        files::check_writable(path)?;
    }
    let (names, records) = read(&args.files)?;
    let merged = merge::merge(&names, &records, command());
    let merged = merged.map_err(|error| Failed::Usage(error.to_string()))?;
    let Some(mut merged) = merged else {
        return Ok(Outcome::NothingSucceeded);
    };
    let record = &mut merged.record;
    let headline = Some(&merged.headline).filter(|h| !h.is_empty());
    for gate in &args.fail_if {
        let value = figure(gate.figure, headline, record.server, &record.totals);
        record.verdict.gates.push(GateResult {
            gate: gate.to_string(),
            value,
            failed: value.is_none_or(|value| gate.fails(value)),
        });
    }
    let verdict = &mut record.verdict;
    if verdict.outcome == Outcome::Passed && verdict.gates.iter().any(|gate| gate.failed) {
        verdict.outcome = Outcome::GateFailed;
    }
    print_and_write(record, merged.begun, output)?;
    Ok(record.verdict.outcome)
}

//! The help, what is printed, and the pages in docs/ list the same keys.

use std::path::Path;

use hawser_relay::config::{Key, as_markdown};

use super::values;
use crate::program::{command, run};

#[test]
fn the_help_the_printed_configuration_and_the_manual_list_the_same_keys() {
    let keys: Vec<_> = Key::all().map(Key::name).collect();
    let help = run(&mut command(&["--help"])).stdout;
    let in_help: Vec<_> = help
        .lines()
        .filter_map(|line| line.strip_prefix("      --"))
        .map(|flag| flag.split(['=', ' ', '[']).next().unwrap().to_owned())
        .filter(|flag| !["config", "check-config", "print-config"].contains(&flag.as_str()))
        .collect();
    let printed: Vec<_> = values(&run(&mut command(&["--print-config"])).stdout)
        .into_iter()
        .map(|(key, _)| key)
        .collect();
    assert_eq!(in_help, keys);
    assert_eq!(printed, keys);
    for key in Key::all() {
        assert!(
            help.contains(&format!("[env: {}]", key.variable())),
            "{}",
            key.name()
        );
    }
    held("running.md", "keys", &as_markdown());
}

/// Asserts that a part of a page in docs/ is what the code says. With `UPDATE_DOCS=1`, makes it so.
pub(crate) fn held(page: &str, part: &str, content: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs")
        .join(page);
    let text = std::fs::read_to_string(&path).unwrap();
    let [begin, end] = ["begin", "end"].map(|edge| format!("<!-- {edge} {part} -->\n"));
    let from = text.find(&begin).expect("the part begins") + begin.len();
    let to = text.find(&end).expect("the part ends");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let updated = format!("{}{content}\n{}", &text[..from], &text[to..]);
        std::fs::write(&path, updated).unwrap();
    } else {
        let written = text[from..to].trim_end();
        assert!(
            written == content.trim_end(),
            "docs/{page} is behind the code: run this test with UPDATE_DOCS=1"
        );
    }
}

//! `hawser domain`, both ways.

use serde_json::json;

use crate::program::run;

#[test]
fn numbers_become_names_and_names_numbers() {
    for (number, host) in [
        ("0", "cable.ua5v.com"),
        ("1", "cable.auth.com"),
        ("266", "cable.wufkweyy3uaxb.com"),
    ] {
        let said = run(&["domain", number]);
        assert_eq!(
            (said.code, said.out.as_str()),
            (Some(0), &*format!("{host}\n"))
        );
        for spelling in [host.to_owned(), host.to_uppercase(), format!("{host}.")] {
            let said = run(&["domain", &spelling]);
            assert_eq!(
                (said.code, said.out.as_str()),
                (Some(0), &*format!("{number}\n"))
            );
        }
    }
}

#[test]
fn json_has_both() {
    let expected = json!({"id": 266, "host": "cable.wufkweyy3uaxb.com"});
    assert_eq!(run(&["domain", "266", "--json"]).json(), expected);
    let said = run(&["domain", "--json", "cable.wufkweyy3uaxb.com"]);
    assert_eq!(said.json(), expected);
}

#[test]
fn what_has_no_name_or_number_is_an_error() {
    for number in ["2", "255"] {
        run(&["domain", number]).assert_malformed("is not assigned");
    }
    run(&["domain", "65536"]).assert_malformed("from 0 to 65535");
    run(&["domain", "99999999999999999999"]).assert_malformed("from 0 to 65535");
    for name in ["example.com", "cable.wufkweyy3uaxb.org", "", "-", "0x10A"] {
        run(&["domain", name]).assert_malformed("is not the host name of any tunnel domain");
    }
}

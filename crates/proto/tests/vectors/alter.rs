//! What a wrong vector could look like: every single value altered in several ways.

use serde_json::{Value, json};

use crate::vector::Vector;

/// A vector in which one value is not what it was, and where that value is.
pub(crate) struct Altered {
    pub(crate) pointer: String,
    pub(crate) vector: Vector,
}

/// Every alteration of every value under `/expected`.
pub(crate) fn expectations(vector: &Vector) -> Vec<Altered> {
    altered("/expected", &vector.expected, |expected| Vector {
        expected,
        ..vector.clone()
    })
}

/// Every alteration of every value under `/inputs`.
pub(crate) fn inputs(vector: &Vector) -> Vec<Altered> {
    altered("/inputs", &vector.inputs, |inputs| Vector {
        inputs,
        ..vector.clone()
    })
}

fn altered(root: &str, value: &Value, put: impl Fn(Value) -> Vector) -> Vec<Altered> {
    let mut pointers = Vec::new();
    leaves(value, String::new(), &mut pointers);
    let mut all = Vec::new();
    for pointer in pointers {
        for other in others(value.pointer(&pointer).unwrap()) {
            let mut changed = value.clone();
            *changed.pointer_mut(&pointer).unwrap() = other;
            all.push(Altered {
                pointer: format!("{root}{pointer}"),
                vector: put(changed),
            });
        }
    }
    all
}

/// JSON pointers to everything that contains nothing.
fn leaves(value: &Value, pointer: String, into: &mut Vec<String>) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                leaves(value, format!("{pointer}/{key}"), into);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (index, value) in items.iter().enumerate() {
                leaves(value, format!("{pointer}/{index}"), into);
            }
        }
        // A vector without inputs.
        _ if pointer.is_empty() => {}
        _ => into.push(pointer),
    }
}

/// Other values of the same kind: hex stays hex, so that a check has to compare to notice.
fn others(leaf: &Value) -> Vec<Value> {
    match leaf {
        Value::String(text) => texts(text).into_iter().map(Value::from).collect(),
        Value::Number(number) => {
            let number = number.as_u64().unwrap();
            vec![json!(number + 1), json!(number ^ 0x10)]
        }
        Value::Bool(truth) => vec![json!(!truth)],
        Value::Null => vec![json!(0), json!("00")],
        Value::Array(_) => vec![json!([0])],
        Value::Object(_) => vec![json!({ "x": 0 })],
    }
}

/// One character altered at the start, in the middle and at the end; a byte of hex less, and more
/// (not a zero byte, which HMAC cannot tell from none at the end of a short key).
fn texts(text: &str) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    let len = characters.len();
    let mut all = vec![format!("{text}01")];
    if len == 0 {
        return all;
    }
    for at in [0, len / 2, len - 1] {
        let other = characters.iter().enumerate().map(|(index, character)| {
            if index == at {
                flip(*character)
            } else {
                *character
            }
        });
        all.push(other.collect());
    }
    all.push(characters.iter().take(len.saturating_sub(2)).collect());
    all
}

fn flip(character: char) -> char {
    match character {
        '0'..='9' | 'a'..='f' => {
            let digit = character.to_digit(16).unwrap();
            let limit = if character.is_ascii_digit() { 10 } else { 16 };
            // Stays a decimal digit if it was one, and a letter otherwise.
            let other = if digit + 1 < limit {
                digit + 1
            } else {
                digit - 1
            };
            char::from_digit(other, 16).unwrap()
        }
        'x' => 'y',
        _ => 'x',
    }
}

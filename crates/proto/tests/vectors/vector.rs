//! One vector of the file, and how a check reads it.

use data_encoding::HEXLOWER;
use serde::Deserialize;
use serde_json::Value;

/// What a check says: an error when anything differs, or is not what the check can read.
pub(crate) type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

#[derive(Clone, Deserialize)]
pub(crate) struct Vector {
    pub(crate) id: String,
    pub(crate) category: String,
    pub(crate) inputs: Value,
    pub(crate) expected: Value,
}

impl Vector {
    /// An input that is text.
    pub(crate) fn text(&self, name: &str) -> Outcome<&str> {
        let value = self.inputs.get(name);
        Ok(value
            .and_then(Value::as_str)
            .ok_or_else(|| format!("input {name} is no text"))?)
    }

    /// An input that is a number.
    pub(crate) fn number<T: TryFrom<u64>>(&self, name: &str) -> Outcome<T> {
        let value = self.inputs.get(name).and_then(Value::as_u64);
        Ok(value
            .and_then(|number| T::try_from(number).ok())
            .ok_or_else(|| format!("input {name} is no number in range"))?)
    }

    /// An input that is hex.
    pub(crate) fn bytes(&self, name: &str) -> Outcome<Vec<u8>> {
        hex(self.text(name)?)
    }

    /// An input that is hex of a certain length.
    pub(crate) fn array<const N: usize>(&self, name: &str) -> Outcome<[u8; N]> {
        sized(&self.bytes(name)?)
    }

    pub(crate) fn has_input(&self, name: &str) -> bool {
        self.inputs.get(name).is_some_and(|value| !value.is_null())
    }

    pub(crate) fn expects(&self, pointer: &str) -> bool {
        self.expected.pointer(pointer).is_some()
    }

    /// An expected value that is text.
    pub(crate) fn expected_text(&self, pointer: &str) -> Outcome<&str> {
        let value = self.expected.pointer(pointer);
        Ok(value
            .and_then(Value::as_str)
            .ok_or_else(|| format!("expected {pointer} is no text"))?)
    }

    /// An expected value that is hex, for checks that read the other way round.
    pub(crate) fn expected_bytes(&self, pointer: &str) -> Outcome<Vec<u8>> {
        hex(self.expected_text(pointer)?)
    }

    /// Compares what was computed with the expected value at this JSON pointer.
    pub(crate) fn expect(&self, pointer: &str, computed: impl Into<Value>) -> Outcome {
        let expected = self.expected.pointer(pointer);
        let expected = expected.ok_or_else(|| format!("nothing is expected at {pointer}"))?;
        same(pointer, &computed.into(), expected)
    }

    /// Compares what was computed with the expected hex at this JSON pointer.
    pub(crate) fn expect_bytes(&self, pointer: &str, computed: impl AsRef<[u8]>) -> Outcome {
        self.expect(pointer, HEXLOWER.encode(computed.as_ref()))
    }

    /// Compares an input that follows from other inputs.
    pub(crate) fn expect_input(&self, name: &str, computed: impl Into<Value>) -> Outcome {
        let given = self.inputs.get(name);
        let given = given.ok_or_else(|| format!("there is no input {name}"))?;
        same(name, &computed.into(), given)
    }
}

pub(crate) fn hex(text: &str) -> Outcome<Vec<u8>> {
    Ok(HEXLOWER.decode(text.as_bytes())?)
}

pub(crate) fn sized<const N: usize>(bytes: &[u8]) -> Outcome<[u8; N]> {
    Ok(bytes
        .try_into()
        .map_err(|_| format!("{} bytes, not {N}", bytes.len()))?)
}

/// An error unless the condition holds.
pub(crate) fn ensure(condition: bool, what: &str) -> Outcome {
    condition.then_some(()).ok_or_else(|| what.into())
}

fn same(name: &str, computed: &Value, expected: &Value) -> Outcome {
    if computed == expected {
        Ok(())
    } else {
        Err(format!("{name}: expected {expected}, computed {computed}").into())
    }
}

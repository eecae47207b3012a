//! JSON lines: one object per line, values kept as they are written.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::fault::Fault;
use super::records::{Record, Shape};
use super::rows::{Place, Rows, Slots};

/// The wanted keys of a JSON source and the columns they fill.
#[derive(Debug)]
pub(crate) struct Keys(HashMap<String, usize>);

impl Keys {
    /// The keys that somebody wants.
    pub(crate) fn new(header: &[String], slots: &Slots) -> Self {
        let wanted = header.iter().zip(&slots.fields);
        Self(
            wanted
                .filter_map(|(name, slot)| slot.map(|slot| (name.clone(), slot)))
                .collect(),
        )
    }

    /// Adds one line to the rows: its values, or its fault. Always exactly one row.
    ///
    /// Strings are unescaped; numbers, booleans, arrays and objects stand as they are written, so
    /// that long ids and decimals lose nothing. A key that is absent, null or an empty string is
    /// null. When a key stands twice, the last one counts.
    pub(crate) fn append(
        &self,
        record: &Record<'_>,
        place: Place<'_>,
        slots: &Slots,
        rows: &mut Rows,
    ) {
        let mut found = vec![None; self.0.values().max().map_or(0, |last| last + 1)];
        let outcome = match record.shape {
            Shape::Faulty(fault) => Err(fault),
            _ => object(record.text, |key, value| {
                if let Some(slot) = self.0.get(key) {
                    found[*slot] = Some(value);
                }
            }),
        };
        // Texts are decoded before a column is touched, so that a fault leaves no half a row.
        let values = outcome.and_then(|()| {
            let wanted = slots.fields.iter().flatten();
            wanted
                .map(|slot| Ok((*slot, found[*slot].map(text).transpose()?)))
                .collect()
        });
        let values: Vec<(usize, Option<Cow<'_, str>>)> = match values {
            Ok(values) => values,
            Err(fault) => return rows.fault(place, fault, record.text),
        };
        for (slot, value) in values {
            rows.field(slot, value.as_deref().unwrap_or_default());
        }
        for slot in &slots.absent {
            rows.null(*slot);
        }
        rows.end_row(place);
    }
}

/// Hands out the keys and values of a line that is a JSON object.
pub(crate) fn object<'a>(
    line: &'a [u8],
    visit: impl FnMut(&str, &'a RawValue),
) -> Result<(), Fault> {
    let line = std::str::from_utf8(line).map_err(|_| Fault::InvalidUtf8)?;
    let mut deserializer = serde_json::Deserializer::from_str(line);
    Entries(visit)
        .deserialize(&mut deserializer)
        .map_err(|_| Fault::InvalidJson)?;
    deserializer.end().map_err(|_| Fault::InvalidJson)
}

/// A value as the text of a field.
fn text(value: &RawValue) -> Result<Cow<'_, str>, Fault> {
    let written = value.get();
    match written.as_bytes().first() {
        Some(b'"') => serde_json::from_str(written)
            .map(Cow::Owned)
            .map_err(|_| Fault::InvalidJson),
        Some(b'n') => Ok(Cow::Borrowed("")),
        _ => Ok(Cow::Borrowed(written)),
    }
}

struct Entries<F>(F);

impl<'de, F: FnMut(&str, &'de RawValue)> DeserializeSeed<'de> for Entries<F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, F: FnMut(&str, &'de RawValue)> Visitor<'de> for Entries<F> {
    type Value = ();

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some((key, value)) = map.next_entry::<Cow<'de, str>, &'de RawValue>()? {
            (self.0)(&key, value);
        }
        Ok(())
    }
}

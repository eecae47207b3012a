//! From the user's own ids to dense indices and back.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use arrow::error::ArrowError;
use rayon::prelude::*;

/// The dense index of a user: its rank among the ids that are learned from.
pub type UserIndex = u32;
/// The dense index of a product: its rank among the ids that are learned from.
pub type ItemIndex = u32;

/// Why ids cannot be mapped.
#[derive(Debug, thiserror::Error)]
pub enum IdError {
    /// Ids are neither integers nor text.
    #[error("ids are {0}, but must be integers or text")]
    Type(DataType),
    /// An id is missing, or ids do not rise.
    #[error("the ids are not sorted, repeat, or are missing at place {0}")]
    Order(usize),
    /// More ids than can be numbered.
    #[error("{0} ids are more than can be numbered")]
    TooMany(usize),
    /// A conversion failed.
    #[error(transparent)]
    Arrow(#[from] ArrowError),
}

/// The ids of one side in rising order: integers by value, text byte by byte.
///
/// The index of an id is its place in that order, so it depends on the set of ids alone: not on the
/// order of events, the division of work, or the run.
#[derive(Debug, Clone, PartialEq)]
pub struct IdMap {
    ids: Ids,
}

#[derive(Debug, Clone, PartialEq)]
enum Ids {
    Integers(Int64Array),
    Text(StringArray),
}

impl IdMap {
    /// Takes ids that rise strictly. Integer types become `Int64`, text types `Utf8`.
    ///
    /// # Errors
    ///
    /// [`IdError`]. Cost: one pass.
    pub fn from_sorted(ids: &dyn Array) -> Result<Self, IdError> {
        if u32::try_from(ids.len()).is_err() {
            return Err(IdError::TooMany(ids.len()));
        }
        let ids = match normal(ids)? {
            ids if ids.data_type() == &DataType::Int64 => {
                Ids::Integers(ids.as_primitive::<Int64Type>().clone())
            }
            ids => Ids::Text(ids.as_string::<i32>().clone()),
        };
        let map = Self { ids };
        match (0..map.len()).find(|&place| !map.rises_at(place)) {
            Some(place) => Err(IdError::Order(place)),
            None => Ok(map),
        }
    }

    fn rises_at(&self, place: usize) -> bool {
        let array = self.array();
        if array.is_null(place) {
            return false;
        }
        match &self.ids {
            _ if place == 0 => true,
            Ids::Integers(ids) => ids.value(place - 1) < ids.value(place),
            Ids::Text(ids) => ids.value(place - 1) < ids.value(place),
        }
    }

    /// How many ids there are.
    pub fn len(&self) -> usize {
        self.array().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The ids, `Int64` or `Utf8`, in the order of their indices.
    pub fn array(&self) -> &dyn Array {
        match &self.ids {
            Ids::Integers(ids) => ids,
            Ids::Text(ids) => ids,
        }
    }

    /// The same, to put into a batch.
    pub fn array_ref(&self) -> ArrayRef {
        match &self.ids {
            Ids::Integers(ids) => Arc::new(ids.clone()),
            Ids::Text(ids) => Arc::new(ids.clone()),
        }
    }

    /// The id at an index as text; empty when there is none.
    pub fn text(&self, index: u32) -> String {
        let place = index as usize;
        if place >= self.len() {
            return String::new();
        }
        match &self.ids {
            Ids::Integers(ids) => ids.value(place).to_string(),
            Ids::Text(ids) => ids.value(place).to_owned(),
        }
    }

    /// The index of an id written as text. Integers are plain decimal digits with an optional sign.
    pub fn index_of(&self, id: &str) -> Option<u32> {
        let place = match &self.ids {
            Ids::Integers(ids) => {
                let id: i64 = id.trim().parse().ok()?;
                ids.values().binary_search(&id).ok()
            }
            Ids::Text(ids) => search(ids.len(), |place| ids.value(place).cmp(id)),
        };
        place.map(|place| place as u32)
    }

    /// The index of each id; none for ids that are not here, and for nulls. Ids of the other type
    /// are not here. Cost: a look into a table where integers are dense enough for one, else a binary
    /// search each, none when an id repeats the one before; many ids are shared between threads.
    ///
    /// # Errors
    ///
    /// [`IdError::Type`].
    pub fn indices_of(&self, ids: &dyn Array) -> Result<Vec<Option<u32>>, IdError> {
        let ids = normal(ids)?;
        let same_kind = ids.data_type() == self.array().data_type();
        Ok(match &self.ids {
            _ if !same_kind => vec![None; ids.len()],
            Ids::Integers(known) => match Dense::of(known.values(), ids.len()) {
                Some(table) => in_parts(&ids, |ids| {
                    find_each(ids.as_primitive::<Int64Type>(), |id| table.place_of(id))
                }),
                None => in_parts(&ids, |ids| {
                    find_each(ids.as_primitive::<Int64Type>(), |id| {
                        known.values().binary_search(&id).ok()
                    })
                }),
            },
            Ids::Text(known) => in_parts(&ids, |ids| {
                find_each(ids.as_string::<i32>(), |id| {
                    search(known.len(), |place| known.value(place).cmp(id))
                })
            }),
        })
    }
}

/// Ids per unit of parallel work.
const PART: usize = 1 << 16;

/// Most places of a table: 64 MiB.
const MOST_PLACES: usize = 1 << 24;

/// The place of every integer between the least and the largest id.
struct Dense {
    least: i64,
    /// [`Dense::NOTHING`] where there is no id.
    places: Vec<u32>,
}

impl Dense {
    const NOTHING: u32 = u32::MAX;

    /// None where it would take more room or time than `n` searches are worth.
    fn of(known: &[i64], n: usize) -> Option<Self> {
        let (least, most) = (*known.first()?, *known.last()?);
        let room = usize::try_from(i128::from(most) - i128::from(least)).ok()?;
        if room >= n.max(known.len()).saturating_mul(2).min(MOST_PLACES) {
            return None;
        }
        let mut places = vec![Self::NOTHING; room + 1];
        for (place, id) in (0_u32..).zip(known) {
            places[(id - least) as usize] = place;
        }
        Some(Self { least, places })
    }

    fn place_of(&self, id: i64) -> Option<usize> {
        let place = usize::try_from(id.checked_sub(self.least)?).ok()?;
        let found = *self.places.get(place)?;
        (found != Self::NOTHING).then_some(found as usize)
    }
}

/// Looks for parts of the ids on several threads.
fn in_parts(
    ids: &ArrayRef,
    find: impl Fn(&ArrayRef) -> Vec<Option<u32>> + Sync,
) -> Vec<Option<u32>> {
    let starts = (0..ids.len()).into_par_iter().step_by(PART);
    let part = |start: usize| find(&ids.slice(start, PART.min(ids.len() - start)));
    starts.map(part).collect::<Vec<_>>().concat()
}

/// The place of each id, searched for once where equal ids follow each other.
fn find_each<T: Copy + PartialEq>(
    ids: impl IntoIterator<Item = Option<T>>,
    find: impl Fn(T) -> Option<usize>,
) -> Vec<Option<u32>> {
    let mut last = None;
    let of = |id: Option<T>| {
        let id = id?;
        match last {
            Some((known, index)) if known == id => index,
            _ => {
                let index = find(id).map(|place| place as u32);
                last = Some((id, index));
                index
            }
        }
    };
    ids.into_iter().map(of).collect()
}

/// A binary search by index.
fn search(len: usize, compare: impl Fn(usize) -> Ordering) -> Option<usize> {
    let (mut low, mut high) = (0, len);
    while low < high {
        let middle = low + (high - low) / 2;
        match compare(middle) {
            Ordering::Equal => return Some(middle),
            Ordering::Less => low = middle + 1,
            Ordering::Greater => high = middle,
        }
    }
    None
}

/// Ids as `Int64` or `Utf8`.
fn normal(ids: &dyn Array) -> Result<ArrayRef, IdError> {
    match ids.data_type() {
        kind if kind.is_integer() => Ok(cast(ids, &DataType::Int64)?),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
            Ok(cast(ids, &DataType::Utf8)?)
        }
        other => Err(IdError::Type(other.clone())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_is_the_rank_of_its_id() {
        let numbers = IdMap::from_sorted(&Int64Array::from(vec![-3, 5, 40])).unwrap();
        assert_eq!(
            (numbers.index_of("40"), numbers.index_of(" 5 ")),
            (Some(2), Some(1))
        );
        assert_eq!((numbers.index_of("6"), numbers.index_of("x")), (None, None));
        assert_eq!(numbers.text(0), "-3");
        let ids = Int64Array::from(vec![Some(5), Some(5), None, Some(7)]);
        assert_eq!(
            numbers.indices_of(&ids).unwrap(),
            [Some(1), Some(1), None, None]
        );

        let names = IdMap::from_sorted(&StringArray::from(vec!["", "10", "9", "é"])).unwrap();
        assert_eq!(
            (
                names.index_of("9"),
                names.index_of("é"),
                names.index_of("z")
            ),
            (Some(2), Some(3), None)
        );
        let ids = StringArray::from(vec!["é", "10", "a"]);
        assert_eq!(names.indices_of(&ids).unwrap(), [Some(3), Some(1), None]);
        assert_eq!(
            names.indices_of(&Int64Array::from(vec![9])).unwrap(),
            [None]
        );
    }

    #[test]
    fn a_table_finds_what_a_search_finds() {
        for known in [
            vec![-2, 0, 1, 5],
            vec![i64::MIN, 3, i64::MAX],
            vec![i64::MAX - 1, i64::MAX],
            (0..500).map(|n| 3 * n).collect(),
        ] {
            let ids = IdMap::from_sorted(&Int64Array::from(known.clone())).unwrap();
            let mut asked: Vec<i64> = (-10..2_000).collect();
            asked.extend([i64::MIN, i64::MIN + 1, i64::MAX - 1, i64::MAX]);
            let asked: Vec<i64> = asked.iter().copied().cycle().take(2 * PART + 77).collect();
            let expected: Vec<Option<u32>> = asked
                .iter()
                .map(|id| known.binary_search(id).ok().map(|place| place as u32))
                .collect();
            assert_eq!(ids.indices_of(&Int64Array::from(asked)).unwrap(), expected);
        }
    }

    #[test]
    fn ids_that_do_not_rise_are_refused() {
        let error = |ids: &dyn Array| IdMap::from_sorted(ids).unwrap_err().to_string();
        assert!(error(&Int64Array::from(vec![1, 3, 3])).contains("place 2"));
        assert!(error(&StringArray::from(vec!["9", "10"])).contains("place 1"));
        assert!(error(&Int64Array::from(vec![None, Some(1)])).contains("place 0"));
        assert!(error(&arrow::array::Float64Array::from(vec![1.0])).contains("Float64"));
    }
}

//! `unit_hash(id, seed)`: a number in [0, 1) that belongs to an id.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, StringArrayType};
use arrow::datatypes::{DataType, Int64Type};
use datafusion::common::{exec_err, utils::take_function_args};
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, TypeSignature, Volatility,
};

/// The SQL function, for sampling whole users: `where unit_hash(user_id, 42) <
/// 0.1` keeps a tenth of them, the same tenth on every machine and every run.
///
/// The id is an integer or a text, the seed a bigint; null when either is null.
/// Numbers for different seeds are independent of each other.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct UnitHash {
    signature: Signature,
}

impl Default for UnitHash {
    fn default() -> Self {
        let id_types = [
            DataType::Int64,
            DataType::Utf8,
            DataType::LargeUtf8,
            DataType::Utf8View,
        ];
        let pairs = id_types.map(|id| TypeSignature::Exact(vec![id, DataType::Int64]));
        Self {
            signature: Signature::one_of(pairs.to_vec(), Volatility::Immutable),
        }
    }
}

impl ScalarUDFImpl for UnitHash {
    fn name(&self) -> &str {
        "unit_hash"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [id, seed] = take_function_args(self.name(), args.args)?;
        let scalar = matches!(
            (&id, &seed),
            (ColumnarValue::Scalar(_), ColumnarValue::Scalar(_))
        );
        let rows = if scalar { 1 } else { args.number_rows };
        let (id, seed) = (id.into_array(rows)?, seed.into_array(rows)?);
        let seed = seed.as_primitive::<Int64Type>();
        let numbers: ArrayRef = Arc::new(match id.data_type() {
            DataType::Int64 => hash_integers(id.as_primitive::<Int64Type>(), seed),
            DataType::Utf8 => hash_texts(id.as_string::<i32>(), seed),
            DataType::LargeUtf8 => hash_texts(id.as_string::<i64>(), seed),
            DataType::Utf8View => hash_texts(id.as_string_view(), seed),
            other => return exec_err!("unit_hash takes an integer or text id, not {other}"),
        });
        if scalar {
            let value = datafusion::scalar::ScalarValue::try_from_array(&numbers, 0)?;
            return Ok(ColumnarValue::Scalar(value));
        }
        Ok(ColumnarValue::Array(numbers))
    }
}

fn hash_integers(ids: &Int64Array, seeds: &Int64Array) -> Float64Array {
    if ids.null_count() == 0 && seeds.null_count() == 0 {
        let pairs = ids.values().iter().zip(seeds.values());
        return Float64Array::from_iter_values(pairs.map(|(id, seed)| unit_hash_i64(*id, *seed)));
    }
    ids.iter()
        .zip(seeds)
        .map(|(id, seed)| Some(unit_hash_i64(id?, seed?)))
        .collect()
}

fn hash_texts<'a>(ids: impl StringArrayType<'a>, seeds: &Int64Array) -> Float64Array {
    ids.iter()
        .zip(seeds)
        .map(|(id, seed)| Some(unit_hash_str(id?, seed?)))
        .collect()
}

/// The number of an integer id: SplitMix64 (Steele, Lea, Flood 2014) over the
/// id, started from the mixed seed.
pub fn unit_hash_i64(id: i64, seed: i64) -> f64 {
    unit(mix(mix(seed as u64).wrapping_add(id as u64)))
}

/// The number of a text id: FNV-1a over its UTF-8 bytes, then as for an integer.
/// The text `"5"` and the integer 5 have different numbers.
pub fn unit_hash_str(id: &str, seed: i64) -> f64 {
    let hash = id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    unit(mix(mix(seed as u64) ^ mix(hash)))
}

/// The output function of SplitMix64: every bit of the result depends on every
/// bit of the input.
fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// The upper 53 bits as a number in [0, 1).
fn unit(hash: u64) -> f64 {
    (hash >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::StringArray;

    #[test]
    fn the_numbers_never_change() {
        // Frozen: a changed number would draw another sample from old settings.
        assert_eq!(unit_hash_i64(0, 0).to_bits(), unit(mix(mix(0))).to_bits());
        let frozen: Vec<u64> = [
            unit_hash_i64(1, 42),
            unit_hash_i64(-1, 42),
            unit_hash_i64(i64::MAX, 0),
            unit_hash_str("", 42),
            unit_hash_str("85123A", 42),
        ]
        .map(|x| (x * 1e9) as u64)
        .to_vec();
        assert_eq!(frozen, FROZEN);
    }

    const FROZEN: [u64; 5] = [
        977_776_785,
        950_438_090,
        672_211_946,
        749_333_611,
        208_368_561,
    ];

    #[test]
    fn a_tenth_of_the_numbers_lies_below_a_tenth() {
        for seed in [0, 1, 42] {
            let integers = (0..100_000)
                .filter(|id| unit_hash_i64(*id, seed) < 0.1)
                .count();
            let texts = (0..100_000)
                .filter(|id| unit_hash_str(&format!("u{id}"), seed) < 0.1)
                .count();
            // Four standard deviations of a binomial (100 000, 0.1) are 380.
            assert!(integers.abs_diff(10_000) < 380, "{seed}: {integers}");
            assert!(texts.abs_diff(10_000) < 380, "{seed}: {texts}");
        }
    }

    #[test]
    fn two_seeds_draw_independent_samples() {
        let both = (0..100_000)
            .filter(|id| unit_hash_i64(*id, 1) < 0.1 && unit_hash_i64(*id, 2) < 0.1)
            .count();
        assert!(both.abs_diff(1_000) < 130, "{both}");
    }

    #[test]
    fn a_missing_id_or_seed_has_no_number() {
        let ids = Int64Array::from(vec![Some(1), None, Some(3)]);
        let seeds = Int64Array::from(vec![Some(42), Some(42), None]);
        let numbers = hash_integers(&ids, &seeds);
        assert_eq!(
            numbers,
            Float64Array::from(vec![Some(unit_hash_i64(1, 42)), None, None])
        );
        let ids = StringArray::from(vec![Some("a"), None, Some("c")]);
        let numbers = hash_texts(&ids, &seeds);
        assert_eq!(
            numbers,
            Float64Array::from(vec![Some(unit_hash_str("a", 42)), None, None])
        );
    }
}

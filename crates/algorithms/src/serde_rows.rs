//! How arrays are written: a vector as a list of numbers, a matrix as a list of rows.
//!
//! ndarray's own form (`v`, `dim`, `data`) is an implementation detail; model files are read by
//! people and by other languages, so they hold plain lists. Used as `#[serde(with = "…")]`.

/// A vector as `[1.0, 2.0]`.
pub(crate) mod vector {
    use ndarray::Array1;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(value: &Array1<f64>, to: S) -> Result<S::Ok, S::Error> {
        value.to_vec().serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Array1<f64>, D::Error> {
        Vec::deserialize(from).map(Array1::from_vec)
    }
}

/// A matrix as `[[1.0, 2.0], [3.0, 4.0]]`; rows of unequal length are refused.
pub(crate) mod matrix {
    use ndarray::Array2;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(value: &Array2<f64>, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(value.outer_iter().map(|row| row.to_vec()))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Array2<f64>, D::Error> {
        let rows: Vec<Vec<f64>> = Vec::deserialize(from)?;
        let n_features = rows.first().map_or(0, Vec::len);
        if let Some(index) = rows.iter().position(|row| row.len() != n_features) {
            return Err(D::Error::custom(format!(
                "row {index} has {} values where row 0 has {n_features}",
                rows[index].len()
            )));
        }
        Array2::from_shape_vec((rows.len(), n_features), rows.concat()).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};
    use serde::{Deserialize, Serialize};

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Wrapped(#[serde(with = "super::matrix")] Array2<f64>);

    #[test]
    fn a_matrix_is_a_list_of_rows() {
        let value = Wrapped(array![[1.5, 2.0], [-3.25, 4.0]]);
        let text = serde_json::to_string(&value).unwrap();
        assert_eq!(text, "[[1.5,2.0],[-3.25,4.0]]");
        assert_eq!(serde_json::from_str::<Wrapped>(&text).unwrap(), value);
    }

    #[test]
    fn ragged_rows_are_refused_by_number() {
        let error = serde_json::from_str::<Wrapped>("[[1.0, 2.0], [3.0]]").unwrap_err();
        assert!(
            error
                .to_string()
                .contains("row 1 has 1 values where row 0 has 2"),
            "{error}"
        );
    }
}

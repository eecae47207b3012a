//! Agreement of groupings against scikit-learn.

use algorithms::agreement::{adjusted_rand_index, contingency, normalized_mutual_information};

use crate::compare::assert_close;
use crate::fixtures::{Groupings, read};

#[test]
fn rand_index_and_mutual_information_are_the_same() {
    let cases: Vec<Groupings> = read("agreement.json");
    assert!(cases.len() >= 4);
    for case in cases {
        let found = adjusted_rand_index(&case.a, &case.b);
        assert_close("adjusted Rand index", found, case.adjusted_rand_index);
        let found = normalized_mutual_information(contingency(&case.a, &case.b).view());
        assert_close(
            "mutual information",
            found,
            case.normalized_mutual_information,
        );
    }
}

use proptest::prelude::*;

use super::*;

fn axes() -> Vec<Axis> {
    let labels = |n: usize| Axis {
        labels: (1..=n).map(|i| i.to_string()).collect(),
    };
    vec![labels(2), labels(3)]
}

fn rule(answer: &str, first: &[usize], second: &[usize]) -> Rule {
    Rule {
        answer: answer.to_owned(),
        allowed: vec![first.to_vec(), second.to_vec()],
    }
}

#[test]
fn a_total_and_disjoint_table_answers_every_cell() {
    let rules = [
        rule("a", &[0], &[0, 1, 2]),
        rule("b", &[1], &[0, 1]),
        rule("c", &[1], &[2]),
    ];
    let table = DecisionTable::new(&axes(), &rules).unwrap();
    let answers: Vec<usize> = (0..2)
        .flat_map(|x| (0..3).map(move |y| [x, y]))
        .map(|cell| table.rule(&cell))
        .collect();
    assert_eq!(answers, [0, 0, 0, 1, 1, 2]);
}

#[test]
fn contested_and_forgotten_cells_are_named() {
    let rules = [rule("a", &[0], &[0, 1, 2]), rule("b", &[0, 1], &[0, 1])];
    let error = DecisionTable::new(&axes(), &rules).unwrap_err();
    assert_eq!(
        error.to_string(),
        "1-1, 1-2 are covered by both a and b; 2-3 is covered by none"
    );
}

#[test]
fn two_rows_with_the_same_answer_contest_a_cell_too() {
    let rules = [rule("a", &[0, 1], &[0, 1, 2]), rule("a", &[1], &[2])];
    let error = DecisionTable::new(&axes(), &rules).unwrap_err();
    assert_eq!(error.to_string(), "2-3 is covered by two rows of a");
}

#[test]
fn many_cells_are_counted_rather_than_listed() {
    let error = DecisionTable::new(&axes(), &[]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "1-1, 1-2, 1-3, 2-1 and 2 more cells are covered by none"
    );
}

#[test]
fn an_error_in_a_table_file_says_the_line() {
    #[derive(Debug, serde::Deserialize)]
    #[allow(dead_code)]
    struct File {
        name: String,
    }
    let error = read_toml::<File>("# a comment\nname = 3\n").unwrap_err();
    assert!(
        error.starts_with("line 2: invalid type") && !error.contains('\n'),
        "{error}"
    );
}

proptest! {
    /// A table is accepted exactly when every cell has one rule, and then answers with that rule.
    #[test]
    fn acceptance_is_one_rule_per_cell(blocks in prop::collection::vec(
        (prop::collection::vec(0usize..2, 0..3), prop::collection::vec(0usize..3, 0..4)), 0..5)
    ) {
        let rules: Vec<Rule> =
            blocks.iter().map(|(first, second)| rule("x", first, second)).collect();
        let mut covered = vec![Vec::new(); 6];
        for (index, (first, second)) in blocks.iter().enumerate() {
            for (cell, covering) in covered.iter_mut().enumerate() {
                if first.contains(&(cell / 3)) && second.contains(&(cell % 3)) {
                    covering.push(index);
                }
            }
        }
        match DecisionTable::new(&axes(), &rules) {
            Ok(table) => for (cell, rules) in covered.iter().enumerate() {
                prop_assert_eq!(rules.as_slice(), &[table.rule(&[cell / 3, cell % 3])]);
            },
            Err(error) => {
                let contested: usize = error.contested.values().map(Vec::len).sum();
                prop_assert_eq!(error.uncovered.len(), covered.iter().filter(|r| r.is_empty()).count());
                prop_assert_eq!(contested, covered.iter().filter(|r| r.len() > 1).count());
                prop_assert!(contested + error.uncovered.len() > 0);
            }
        }
    }
}

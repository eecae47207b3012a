//! Readable names for clusters, from their strongest traits.

use crate::features::{BehaviourColumn, Theme};

/// Below this many standard deviations from the average a trait is not worth a word.
const WORTH_NAMING: f64 = 0.25;
/// How many traits a name has unless more are needed to tell two clusters apart.
const TRAITS: usize = 2;
/// With fewer buyers than this share, a cluster is named for looking rather than for buying.
const WINDOW_SHOPPERS_BELOW: f64 = 0.05;

/// What a name is made from.
#[derive(Debug, Clone)]
pub(crate) struct Traits<'a> {
    /// Per behaviour column, the mean of the members in standard deviations from the mean of all.
    pub(crate) z_scores: &'a [f64],
    /// The share of members with at least one order.
    pub(crate) buyer_share: f64,
}

/// One name per cluster, no two alike.
///
/// A name is made of the two traits farthest from the average, each of another theme, such as
/// "Frequent buyers, big baskets". A cluster in which hardly anybody buys is called "Window
/// shoppers" first. Clusters that would share a name get further traits, and numbers at last.
pub(crate) fn cluster_names(columns: &[&BehaviourColumn], clusters: &[Traits<'_>]) -> Vec<String> {
    let words: Vec<Vec<&str>> = clusters
        .iter()
        .map(|traits| words(columns, traits))
        .collect();
    let name =
        |words: &[&str], count: usize| capitalised(&words[..count.min(words.len())].join(", "));
    let mut counts = vec![TRAITS; clusters.len()];
    let longest = words.iter().map(Vec::len).max().unwrap_or(0);
    for count in TRAITS..longest {
        let names: Vec<String> = words
            .iter()
            .zip(&counts)
            .map(|(w, c)| name(w, *c))
            .collect();
        for (cluster, own) in names.iter().enumerate() {
            if names.iter().filter(|other| *other == own).count() > 1 {
                counts[cluster] = count + 1;
            }
        }
    }
    let mut names: Vec<String> = Vec::with_capacity(clusters.len());
    for (words, count) in words.iter().zip(counts) {
        let plain = name(words, count);
        let numbered = (2..).map(|n| format!("{plain} ({n})"));
        let free = std::iter::once(plain.clone())
            .chain(numbered)
            .find(|n| !names.contains(n));
        names.push(free.unwrap_or(plain));
    }
    names
}

/// The words for a cluster, strongest first, one per theme; never empty.
fn words<'a>(columns: &[&'a BehaviourColumn], traits: &Traits<'_>) -> Vec<&'a str> {
    let window_shoppers = traits.buyer_share < WINDOW_SHOPPERS_BELOW;
    let mut order: Vec<usize> = (0..columns.len()).collect();
    // A stable sort: equal strengths keep the order of the columns.
    order.sort_by(|a, b| {
        traits.z_scores[*b]
            .abs()
            .total_cmp(&traits.z_scores[*a].abs())
    });
    let mut words = Vec::new();
    let mut themes: Vec<Theme> = Vec::new();
    if window_shoppers {
        words.push("window shoppers");
    }
    for index in order {
        let (column, z) = (columns[index], traits.z_scores[index]);
        let word = if z > 0.0 { column.high } else { column.low };
        let silent = z.abs() < WORTH_NAMING || word.is_empty();
        let beside_the_point = window_shoppers && column.theme.is_about_orders();
        if silent || beside_the_point || themes.contains(&column.theme) {
            continue;
        }
        themes.push(column.theme);
        words.push(word);
    }
    if words.is_empty() {
        words.push("average customers");
    }
    words
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn columns(names: &[&str]) -> Vec<&'static BehaviourColumn> {
        let column = |name: &&str| {
            BehaviourColumn::ALL
                .iter()
                .find(|c| c.name == *name)
                .unwrap()
        };
        names.iter().map(column).collect()
    }

    fn names_of(rows: &[(&[f64], f64)]) -> Vec<String> {
        let columns = columns(&["n_orders", "net_revenue", "mean_basket", "n_views"]);
        let traits: Vec<Traits<'_>> = rows
            .iter()
            .map(|(z_scores, buyer_share)| Traits {
                z_scores,
                buyer_share: *buyer_share,
            })
            .collect();
        cluster_names(&columns, &traits)
    }

    #[test]
    fn a_name_is_the_two_strongest_traits_of_different_themes() {
        let names = names_of(&[
            (&[2.0, 1.9, 1.0, 0.1], 1.0),
            (&[-0.5, -0.4, -0.9, 0.0], 0.6),
        ]);
        assert_eq!(
            names,
            ["Frequent buyers, big baskets", "Small baskets, rare buyers"]
        );
    }

    #[test]
    fn people_who_do_not_buy_are_named_for_looking() {
        let names = names_of(&[(&[-1.0, -1.0, -1.0, 0.8], 0.0), (&[0.0; 4], 1.0)]);
        assert_eq!(
            names,
            ["Window shoppers, heavy browsers", "Average customers"]
        );
    }

    #[test]
    fn clusters_that_sound_alike_get_another_trait_and_then_a_number() {
        let names = names_of(&[
            (&[2.0, 0.0, 1.0, 0.5], 1.0),
            (&[2.0, 0.0, 1.0, -0.5], 1.0),
            (&[2.0, 0.0, 1.0, -0.5], 1.0),
        ]);
        assert_eq!(
            names,
            [
                "Frequent buyers, big baskets, heavy browsers",
                "Frequent buyers, big baskets, light browsers",
                "Frequent buyers, big baskets, light browsers (2)"
            ]
        );
    }

    proptest! {
        #[test]
        fn names_are_unique_and_never_empty(rows in prop::collection::vec(
            (prop::collection::vec(-1.0f64..1.0, 4), 0.0f64..1.0), 1..12)
        ) {
            let rows: Vec<(&[f64], f64)> = rows.iter().map(|(z, b)| (z.as_slice(), *b)).collect();
            let mut names = names_of(&rows);
            prop_assert!(names.iter().all(|name| !name.is_empty()));
            names.sort();
            names.dedup();
            prop_assert_eq!(names.len(), rows.len());
        }
    }
}

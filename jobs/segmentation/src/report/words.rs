//! Verdicts in words, with the bounds they rest on, beside the words of every report.

pub(super) use ::report::words::*;

/// How clearly customers fall into clusters, by the bounds of Kaufman and Rousseeuw (1990): above
/// 0.70 strong, above 0.50 reasonable, above 0.25 weak. They were made for plain distances; squared
/// ones read higher.
pub(super) fn silhouette(score: f64) -> (&'static str, Standing) {
    match score {
        score if score > 0.70 => ("clearly separate groups", Standing::Good),
        score if score > 0.50 => ("groups that can be told apart", Standing::Good),
        score if score > 0.25 => ("overlapping groups", Standing::Fair),
        _ => ("hardly any separate groups", Standing::Poor),
    }
}

/// Whether clusters come back when the customers are drawn anew, by the bounds Hennig (2007)
/// gives for the Jaccard index of resampled clusters, used for the adjusted Rand index here: from
/// 0.85 stable, from 0.60 a pattern with uncertain edges.
pub(super) fn stability(mean_index: f64) -> (&'static str, Standing) {
    match mean_index {
        index if index >= 0.85 => ("stable", Standing::Good),
        index if index >= 0.60 => ("roughly the same, with uncertain edges", Standing::Fair),
        _ => ("doubtful", Standing::Poor),
    }
}

/// How strongly two groupings depend on each other, by the rule of thumb for Cramér's V (Cohen
/// 1988): from 0.1 weak, from 0.3 moderate, from 0.5 strong. Mutual information uses the same.
pub(super) fn association(value: f64) -> &'static str {
    match value {
        value if value >= 0.5 => "strong",
        value if value >= 0.3 => "moderate",
        value if value >= 0.1 => "weak",
        _ => "negligible",
    }
}

/// How far a cluster is from the average, given standard deviations; none below a quarter of one.
pub(super) fn distance_from_average(z: f64) -> Option<String> {
    let how = match z.abs() {
        size if size >= 1.5 => "far",
        size if size >= 0.75 => "clearly",
        size if size >= 0.25 => "somewhat",
        _ => return None,
    };
    Some(format!(
        "{how} {} average",
        if z > 0.0 { "above" } else { "below" }
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_change_at_their_bounds() {
        assert_eq!(silhouette(0.71).0, "clearly separate groups");
        assert_eq!(silhouette(0.70).0, "groups that can be told apart");
        assert_eq!(silhouette(0.5), ("overlapping groups", Standing::Fair));
        assert_eq!(silhouette(0.25).1, Standing::Poor);
        assert_eq!(silhouette(f64::NAN).1, Standing::Poor);
        assert_eq!(stability(0.85), ("stable", Standing::Good));
        assert_eq!(stability(0.849).1, Standing::Fair);
        assert_eq!(stability(0.599), ("doubtful", Standing::Poor));
        let verdicts = [0.5, 0.499, 0.1, 0.099].map(association);
        assert_eq!(verdicts, ["strong", "moderate", "weak", "negligible"]);
    }

    #[test]
    fn a_small_deviation_is_not_worth_a_word() {
        assert_eq!(distance_from_average(0.24), None);
        assert_eq!(
            distance_from_average(-0.25).unwrap(),
            "somewhat below average"
        );
        assert_eq!(
            distance_from_average(0.75).unwrap(),
            "clearly above average"
        );
        assert_eq!(distance_from_average(-9.0).unwrap(), "far below average");
    }
}

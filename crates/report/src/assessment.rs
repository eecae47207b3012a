//! How far to trust a report, as far as the events decide it.

use data::Account;

use crate::numbers::{count, part, plain_percent};
use crate::words::Standing;

/// From this share on, rows that could not be used are worth a word, and then worth a worry.
const QUARANTINE_FAIR: f64 = 0.01;
const QUARANTINE_POOR: f64 = 0.05;
/// The same for events without a customer.
const ANONYMOUS_FAIR: f64 = 0.10;
const ANONYMOUS_POOR: f64 = 0.40;

/// Something to know before trusting a number; `shared/trust.html` lists them as
/// `page.assessments`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessment {
    /// What it is about.
    pub topic: &'static str,
    /// The verdict in a word or two.
    pub verdict: String,
    /// The style class of the verdict.
    pub class: &'static str,
    /// Why.
    pub text: String,
}

impl Assessment {
    /// An assessment.
    pub fn new(topic: &'static str, (verdict, standing): (&str, Standing), text: String) -> Self {
        Self {
            topic,
            verdict: verdict.to_owned(),
            class: standing.class(),
            text,
        }
    }

    /// Whether all customers were looked at; `meaning` says what a sample means for the numbers.
    pub fn sample(sample: Option<f64>, meaning: &str) -> Self {
        match sample {
            None => Self::new(
                "Coverage",
                ("all customers", Standing::Good),
                "Every customer with events in the files was looked at.".to_owned(),
            ),
            Some(share) => Self::new(
                "Coverage",
                ("a sample", Standing::Fair),
                format!(
                    "Only a random sample of about {} of the users was looked at. {meaning} Run it \
                     without --quick for all.",
                    plain_percent(share)
                ),
            ),
        }
    }

    /// Rows that could not be used.
    pub fn quarantine(account: &Account) -> Self {
        let (rows, read) = (account.quarantined_rows(), account.rows_read);
        let share = rows as f64 / read.max(1) as f64;
        let verdict = match share {
            share if share >= QUARANTINE_POOR => ("many", Standing::Poor),
            share if share >= QUARANTINE_FAIR => ("some", Standing::Fair),
            _ if rows > 0 => ("very few", Standing::Good),
            _ => ("none", Standing::Good),
        };
        let text = if rows == 0 {
            format!("Each of the {} rows read could be used.", count(read))
        } else {
            format!(
                "{} of {} rows read ({}) could not be used. Whatever they tell is missing from all \
                 numbers.",
                count(rows),
                count(read),
                part(rows, read)
            )
        };
        Self::new("Rows that could not be used", verdict, text)
    }

    /// Rows without a customer; `consequence` says what becomes of them.
    pub fn anonymous(account: &Account, consequence: &str) -> Self {
        let (rows, read) = (account.anonymous, account.rows_read);
        let share = rows as f64 / read.max(1) as f64;
        let verdict = match share {
            share if share >= ANONYMOUS_POOR => ("many", Standing::Poor),
            share if share >= ANONYMOUS_FAIR => ("some", Standing::Fair),
            _ if rows > 0 => ("few", Standing::Good),
            _ => ("none", Standing::Good),
        };
        let text = if rows == 0 {
            format!("Each of the {} rows read names a customer.", count(read))
        } else {
            format!(
                "{} of {} rows read ({}) name no customer. {consequence}",
                count(rows),
                count(read),
                part(rows, read)
            )
        };
        Self::new("Rows without a customer", verdict, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_of_rows_become_verdicts() {
        let account = |rows_read, bad| Account {
            rows_read,
            anonymous: bad,
            quarantined: [("bad_price".to_owned(), bad)].into(),
            ..Account::default()
        };
        let quarantine = |bad| Assessment::quarantine(&account(1000, bad)).verdict;
        assert_eq!(
            [0, 9, 10, 50].map(quarantine),
            ["none", "very few", "some", "many"]
        );
        let anonymous = |bad| Assessment::anonymous(&account(1000, bad), "Lost.").verdict;
        assert_eq!(
            [0, 99, 100, 400].map(anonymous),
            ["none", "few", "some", "many"]
        );
        let empty = Assessment::anonymous(&account(0, 0), "Lost.");
        assert_eq!(empty.class, "good");
    }
}

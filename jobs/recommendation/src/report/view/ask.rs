//! How to ask the run for a customer's list and for products alike.

use ::report::words::{shell_word, shown};

use super::ID_LENGTH;
use crate::outcome::Outcome;

pub(in super::super) struct AskView {
    pub(in super::super) recommend: String,
    pub(in super::super) similar: String,
}

/// Commands with a customer and a product of this run, where there are any.
pub(super) fn view(outcome: &Outcome) -> AskView {
    let word = |id: &str| shell_word(&shown(id, ID_LENGTH));
    let customer = outcome.examples.first();
    let user = customer.map_or_else(|| "ID".to_owned(), |customer| word(&customer.user_id));
    let popular = outcome.popular.first();
    let product = popular.map_or_else(|| "ID".to_owned(), |product| word(&product.product_id));
    AskView {
        recommend: format!("jobs recommend --output FOLDER --user {user} -n 10 --explain"),
        similar: format!("jobs similar --output FOLDER --product {product} -n 10"),
    }
}

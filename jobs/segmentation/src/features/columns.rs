//! What a behaviour column measures, and how to speak of customers who have much or little of it.

/// What a column measures; decides whether it enters as a logarithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// A number of things.
    Count,
    /// An amount of money.
    Money,
    /// A number of days.
    Days,
    /// A share or rate from 0 to 1 (a return rate may exceed 1).
    Rate,
}

/// Columns of one theme say nearly the same: a name uses the strongest of a theme only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// How often they come.
    Visits,
    /// How much they look.
    Browsing,
    /// What they put into the cart.
    Carts,
    /// How often and how much they buy.
    Buying,
    /// How much they pay at once.
    Basket,
    /// How wide their choice is.
    Variety,
    /// Whether they finish what they began.
    Conversion,
    /// How much they send back.
    Returns,
    /// How long they are known, and how regularly they order.
    Tenure,
    /// At what time they come.
    Time,
}

impl Theme {
    /// Whether the theme speaks of orders, and so says nothing about people without any.
    pub(crate) fn is_about_orders(self) -> bool {
        matches!(
            self,
            Self::Buying | Self::Basket | Self::Conversion | Self::Returns
        )
    }
}

/// One behaviour column of the feature table.
#[derive(Debug, PartialEq, Eq)]
pub struct BehaviourColumn {
    /// The column.
    pub name: &'static str,
    /// A short label for figures.
    pub label: &'static str,
    /// What it measures.
    pub measure: Measure,
    /// What it speaks of.
    pub theme: Theme,
    /// Customers with much of it.
    pub high: &'static str,
    /// Customers with little of it; empty where little says nothing.
    pub low: &'static str,
}

const fn column(
    name: &'static str,
    label: &'static str,
    measure: Measure,
    theme: Theme,
    high: &'static str,
    low: &'static str,
) -> BehaviourColumn {
    BehaviourColumn {
        name,
        label,
        measure,
        theme,
        high,
        low,
    }
}

use Measure::{Count, Days, Money, Rate};
use Theme::{Basket, Browsing, Buying, Carts, Conversion, Returns, Tenure, Time, Variety, Visits};

impl BehaviourColumn {
    /// Every column that customers can be clustered by, in the order of the feature table.
    #[rustfmt::skip]
    pub const ALL: &'static [Self] = &[
        column("n_views", "views", Count, Browsing, "heavy browsers", "light browsers"),
        column("n_carts", "carts", Count, Carts, "cart fillers", "few carts"),
        column("n_removes", "removals", Count, Carts, "many removals", "few removals"),
        column("n_purchases", "purchases", Count, Buying, "many purchases", "few purchases"),
        column("n_returns", "returns", Count, Returns, "many returns", "few returns"),
        column("n_orders", "orders", Count, Buying, "frequent buyers", "rare buyers"),
        column("n_sessions", "sessions", Count, Visits, "frequent visitors", "rare visitors"),
        column("active_days", "active days", Count, Visits, "active on many days", "active on few days"),
        column("distinct_products", "products", Count, Variety, "many products", "few products"),
        column("distinct_categories", "categories", Count, Variety, "many categories", "few categories"),
        column("distinct_brands", "brands", Count, Variety, "many brands", "few brands"),
        column("units", "units", Count, Buying, "many units", "few units"),
        column("returned_units", "returned units", Count, Returns, "many returned units", "few returned units"),
        column("gross_revenue", "gross revenue", Money, Buying, "big spenders", "small spenders"),
        column("returned_revenue", "returned revenue", Money, Returns, "costly returns", "cheap returns"),
        column("net_revenue", "net revenue", Money, Buying, "big spenders", "small spenders"),
        column("mean_basket", "mean basket", Money, Basket, "big baskets", "small baskets"),
        column("view_to_cart_rate", "view to cart", Rate, Carts, "quick to pick", "slow to pick"),
        column("cart_to_purchase_rate", "cart to purchase", Rate, Conversion, "buy what they pick", "rarely buy what they pick"),
        column("abandonment_rate", "abandonment", Rate, Conversion, "abandon carts", "finish their carts"),
        column("return_rate", "return rate", Rate, Returns, "return much", "keep what they buy"),
        column("tenure_days", "tenure", Days, Tenure, "long known", "newcomers"),
        column("days_between_orders", "days between orders", Days, Tenure, "repeat orders", ""),
        column("weekend_share", "weekend share", Rate, Time, "weekend shoppers", "weekday shoppers"),
        column("night_share", "night share", Rate, Time, "night owls", "daytime shoppers"),
    ];
}

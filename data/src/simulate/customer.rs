//! Who comes to the shop: seven kinds of customers, each with a taste, habits and a time.

use super::calendar::{Calendar, DAY, DAYS, is_weekend};
use super::catalogue::{Catalogue, STYLES};
use super::streams::{Chance, Stream, below, chance, exponential, happens, log_normal, unit};

/// The longest visit in events.
pub(super) const LONGEST_VISIT: u32 = 200;
/// How many products a customer keeps coming back to.
const FAVOURITES: u32 = 6;
/// Cumulative shares of a customer's four preferred categories.
const TASTE: [f64; 4] = [0.52, 0.80, 0.93, 1.0];

/// A kind of customer. The order is that of [`HABITS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Archetype {
    /// Comes once, by a search or an advertisement.
    Passing,
    /// Looks often, hardly ever buys.
    WindowShopper,
    /// Came during the last month.
    Newcomer,
    /// Bought in the first months and stayed away since.
    Lapsed,
    /// Compares, fills carts, empties them, buys what is cheap.
    BargainHunter,
    /// Comes all the time and buys the same kind of thing.
    Loyal,
    /// Comes seldom and buys a lot.
    BigBasket,
}

/// What customers of one kind have in common.
#[derive(Debug)]
pub(super) struct Habits {
    archetype: Archetype,
    /// Share of all customers.
    share: f64,
    /// Relative number of events.
    activity: f64,
    /// Median number of events of a visit.
    visit: f64,
    /// Chance that a visit of usual length ends in an order.
    pub(super) buys: f64,
    /// Chance that a product looked at goes to the cart although it is not bought.
    pub(super) carts: f64,
    /// Chance that such a product is taken out of the cart again.
    pub(super) removes: f64,
    /// Mean number of lines of an order beyond the first.
    pub(super) lines: f64,
    /// Factor on the category's chance of more than one unit.
    pub(super) units: f64,
    /// Factor on the category's share of returns.
    pub(super) returns: f64,
    /// Chance that a product looked at is one of the favourites.
    favours: f64,
}

#[rustfmt::skip]
const HABITS: [Habits; 7] = [
    Habits { archetype: Archetype::Passing, share: 0.44, activity: 0.0, visit: 4.0, buys: 0.030, carts: 0.018, removes: 0.20, lines: 0.1, units: 0.5, returns: 1.0, favours: 0.05 },
    Habits { archetype: Archetype::WindowShopper, share: 0.17, activity: 0.9, visit: 6.0, buys: 0.015, carts: 0.015, removes: 0.30, lines: 0.1, units: 0.5, returns: 1.0, favours: 0.15 },
    Habits { archetype: Archetype::Newcomer, share: 0.08, activity: 0.4, visit: 5.0, buys: 0.110, carts: 0.030, removes: 0.25, lines: 0.3, units: 0.8, returns: 1.1, favours: 0.10 },
    Habits { archetype: Archetype::Lapsed, share: 0.11, activity: 0.8, visit: 5.0, buys: 0.120, carts: 0.025, removes: 0.25, lines: 0.4, units: 0.9, returns: 1.2, favours: 0.12 },
    Habits { archetype: Archetype::BargainHunter, share: 0.08, activity: 1.7, visit: 8.0, buys: 0.110, carts: 0.060, removes: 0.55, lines: 0.5, units: 1.0, returns: 1.3, favours: 0.15 },
    Habits { archetype: Archetype::Loyal, share: 0.08, activity: 2.2, visit: 4.5, buys: 0.280, carts: 0.015, removes: 0.15, lines: 0.6, units: 1.1, returns: 0.7, favours: 0.30 },
    Habits { archetype: Archetype::BigBasket, share: 0.04, activity: 1.2, visit: 16.0, buys: 0.400, carts: 0.020, removes: 0.20, lines: 3.0, units: 2.2, returns: 1.0, favours: 0.12 },
];

/// One customer. Cheap to draw again, so never stored.
#[derive(Debug)]
pub(super) struct Customer {
    seed: u64,
    user: u32,
    pub(super) habits: &'static Habits,
    first_day: u32,
    last_day: u32,
    /// By how many hours the day runs late; night owls by six and more.
    shift: u32,
    weekends: bool,
    categories: [u8; TASTE.len()],
    styles: [u8; 2],
}

impl Customer {
    /// Draws the customer with that index.
    pub(super) fn new(seed: u64, catalogue: &Catalogue, user: u32) -> Self {
        let mut chance = chance(seed, Stream::Customer, u64::from(user), 0);
        let mut point = unit(&mut chance);
        let habits = HABITS
            .iter()
            .find(|habits| {
                point -= habits.share;
                point < 0.0
            })
            .unwrap_or(&HABITS[0]);
        let (first_day, last_day) = lifetime(&mut chance, habits.archetype);
        let shift = below(&mut chance, 3) + if happens(&mut chance, 0.06) { 6 } else { 0 };
        let weekends = happens(&mut chance, 0.10);
        let categories = std::array::from_fn(|_| catalogue.any_category(&mut chance));
        let styles = std::array::from_fn(|_| below(&mut chance, STYLES as u32) as u8);
        Self {
            seed,
            user,
            habits,
            first_day,
            last_day,
            shift,
            weekends,
            categories,
            styles,
        }
    }

    pub(super) fn is_passing(&self) -> bool {
        self.habits.archetype == Archetype::Passing
    }

    /// Relative number of events, log-normal within the kind; 0 for who comes once.
    pub(super) fn activity(&self) -> f64 {
        let mut chance = chance(self.seed, Stream::Budget, u64::from(self.user), 0);
        self.habits.activity * log_normal(&mut chance, 1.0, 1.2)
    }

    /// Number of events of a single visit beyond the first, with that mean.
    pub(super) fn single_visit(&self, mean: f64) -> u64 {
        let mut chance = chance(self.seed, Stream::Budget, u64::from(self.user), 1);
        exponential(&mut chance, mean) as u64
    }

    /// Draws the number of events of a visit.
    pub(super) fn visit_length(&self, chance: &mut Chance) -> u32 {
        (log_normal(chance, self.habits.visit, 0.75) as u32).clamp(1, LONGEST_VISIT)
    }

    /// Draws when a visit starts, in seconds.
    pub(super) fn visit_start(&self, chance: &mut Chance, calendar: &Calendar) -> u32 {
        let mut day = calendar.day(chance, self.first_day, self.last_day);
        // Weekend customers look twice more for a Saturday or Sunday.
        for _ in 0..2 {
            if self.weekends && !is_weekend(day) {
                day = calendar.day(chance, self.first_day, self.last_day);
            }
        }
        day * DAY + calendar.second(chance, self.shift)
    }

    /// Draws what a visit is about.
    pub(super) fn focus(&self, chance: &mut Chance, catalogue: &Catalogue) -> u8 {
        if happens(chance, 0.08) {
            catalogue.any_category(chance)
        } else {
            self.taste(chance)
        }
    }

    /// Draws the next product looked at during a visit about `focus`.
    pub(super) fn look(&self, chance: &mut Chance, catalogue: &Catalogue, focus: u8) -> u32 {
        let point = unit(chance);
        if point < self.habits.favours {
            let favourite = u64::from(below(chance, FAVOURITES));
            let mut own = super::streams::chance(
                self.seed,
                Stream::Favourite,
                u64::from(self.user),
                favourite,
            );
            let category = self.taste(&mut own);
            return self.choose(&mut own, catalogue, category);
        }
        let category = match (point - self.habits.favours) / (1.0 - self.habits.favours) {
            p if p < 0.72 => focus,
            p if p < 0.86 => catalogue.neighbour(chance, focus),
            p if p < 0.94 => self.taste(chance),
            _ => return catalogue.any(chance),
        };
        let choice = self.choose(chance, catalogue, category);
        if self.habits.archetype != Archetype::BargainHunter {
            return choice;
        }
        let other = self.choose(chance, catalogue, category);
        std::cmp::min_by_key(choice, other, |&product| catalogue.product(product).cents)
    }

    fn taste(&self, chance: &mut Chance) -> u8 {
        let point = unit(chance);
        self.categories[TASTE.iter().position(|share| point < *share).unwrap_or(0)]
    }

    fn choose(&self, chance: &mut Chance, catalogue: &Catalogue, category: u8) -> u32 {
        let style = match unit(chance) {
            p if p < 0.62 => Some(self.styles[0]),
            p if p < 0.84 => Some(self.styles[1]),
            _ => None,
        };
        catalogue.of(chance, category, style)
    }
}

/// The first and the last day a customer may come.
fn lifetime(chance: &mut Chance, archetype: Archetype) -> (u32, u32) {
    let last = DAYS - 1;
    match archetype {
        Archetype::Newcomer => (DAYS - 1 - below(chance, 30), last),
        Archetype::Lapsed => {
            let first = below(chance, 35);
            (first, first + 10 + below(chance, 50))
        }
        Archetype::Loyal => (below(chance, 20), last),
        Archetype::BargainHunter | Archetype::BigBasket => (below(chance, 40), last),
        Archetype::Passing => (0, last),
        Archetype::WindowShopper => {
            let first = below(chance, DAYS - 10);
            (
                first,
                (first + 5 + exponential(chance, 50.0) as u32).min(last),
            )
        }
    }
}

/// How the events of a shop are shared among its customers.
///
/// Everyone has one event. Of the rest, those who come once have a few more, the others by their
/// activity. The shares are cut from running sums of whole numbers, so they add up exactly to
/// `events`. Needs `events >= users >= 1`.
pub(super) fn budgets(seed: u64, catalogue: &Catalogue, events: u64, users: u32) -> Vec<u64> {
    use rayon::prelude::*;
    let rest = events - u64::from(users);
    let mean = (rest as f64 / f64::from(users) / 2.0).min(3.0);
    let mut wishes: Vec<(u64, u64)> = (0..users)
        .into_par_iter()
        .map(|user| {
            let customer = Customer::new(seed, catalogue, user);
            if customer.is_passing() {
                (customer.single_visit(mean), 0)
            } else {
                (0, (customer.activity() * 10_000.0) as u64 + 1)
            }
        })
        .collect();
    let fixed: u64 = wishes.iter().map(|wish| wish.0).sum();
    if fixed > rest || wishes.iter().all(|wish| wish.1 == 0) {
        // Too few events for that, or only such customers: everything is shared by weight.
        wishes
            .iter_mut()
            .for_each(|wish| *wish = (0, wish.0 + wish.1 + 1));
    }
    let fixed: u64 = wishes.iter().map(|wish| wish.0).sum();
    let shared = u128::from(rest - fixed);
    let total: u128 = wishes.iter().map(|wish| u128::from(wish.1)).sum();
    let mut sum = 0u128;
    let mut given = 0u128;
    wishes
        .iter()
        .map(|&(own, weight)| {
            sum += u128::from(weight);
            let until = shared * sum / total;
            let share = (until - given) as u64;
            given = until;
            1 + own + share
        })
        .collect()
}

/// The shares of all kinds of customers.
#[cfg(test)]
pub(super) fn shares() -> Vec<f64> {
    HABITS.iter().map(|habits| habits.share).collect()
}

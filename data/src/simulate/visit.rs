//! What happens during one visit: looking, filling the cart, emptying it, buying.

use serde::Serialize;

use super::catalogue::Catalogue;
use super::customer::Customer;
use super::streams::{Chance, Stream, below, chance, exponential, happens};

/// The longest visit in seconds; at least one second passes between two events.
pub(super) const LONGEST_SECONDS: u32 = 4 * 3600;
/// A visit of this many events is as likely to end in an order as its customer's habits say.
const USUAL_LENGTH: f64 = 8.0;
/// The longest order in lines.
const MOST_LINES: u32 = 30;

/// The types of events of the canonical table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum EventType {
    View,
    Cart,
    RemoveFromCart,
    Purchase,
    Return,
}

impl EventType {
    pub(super) const ALL: [Self; 5] = [
        Self::View,
        Self::Cart,
        Self::RemoveFromCart,
        Self::Purchase,
        Self::Return,
    ];

    /// The word written in the log.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Cart => "cart",
            Self::RemoveFromCart => "remove_from_cart",
            Self::Purchase => "purchase",
            Self::Return => "return",
        }
    }
}

/// One event of a visit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    /// Seconds since the visit started; strictly increasing.
    pub(super) second: u32,
    pub(super) event_type: EventType,
    pub(super) product: u32,
    pub(super) quantity: u32,
}

/// Writes the steps of a visit of exactly `length` events (1 to 200) over `steps` and returns how
/// many of them, the last ones, are purchases. The same arguments always give the same visit.
///
/// An order of n lines takes 3 n events (view, cart, purchase). The rest are views, some of which
/// lead to the cart for nothing: left there, or taken out again.
pub(super) fn walk(
    catalogue: &Catalogue,
    seed: u64,
    (user, customer): (u32, &Customer),
    number: u32,
    length: u32,
    steps: &mut Vec<Step>,
) -> u32 {
    let mut chance = chance(seed, Stream::Visit, u64::from(user), u64::from(number));
    let chance = &mut chance;
    steps.clear();
    let habits = customer.habits;
    let focus = customer.focus(chance, catalogue);
    let lines = order_lines(chance, customer, length);
    let mut clock = Clock {
        second: 0,
        longest: (LONGEST_SECONDS / length.max(1)).max(1),
    };
    let mut to_buy = lines;
    let mut spare = length - 3 * lines;
    let mut bought: Vec<(u32, u32)> = Vec::with_capacity(lines as usize);

    while to_buy + spare > 0 {
        let product = customer.look(chance, catalogue, focus);
        let mut push = |steps: &mut Vec<Step>, chance: &mut Chance, event_type, quantity| {
            let second = if steps.is_empty() {
                0
            } else {
                clock.tick(chance, 38.0)
            };
            steps.push(Step {
                second,
                event_type,
                product,
                quantity,
            });
        };
        push(steps, chance, EventType::View, 1);
        if below(chance, to_buy + spare) < to_buy {
            to_buy -= 1;
            let quantity = units(chance, catalogue, customer, product);
            push(steps, chance, EventType::Cart, quantity);
            bought.push((product, quantity));
            continue;
        }
        spare -= 1;
        if spare > 0 && happens(chance, habits.carts) {
            spare -= 1;
            let quantity = units(chance, catalogue, customer, product);
            push(steps, chance, EventType::Cart, quantity);
            if spare > 0 && happens(chance, habits.removes) {
                spare -= 1;
                push(steps, chance, EventType::RemoveFromCart, quantity);
            }
        }
    }
    for (product, quantity) in bought {
        let second = clock.tick(chance, 3.0);
        steps.push(Step {
            second,
            event_type: EventType::Purchase,
            product,
            quantity,
        });
    }
    lines
}

/// How many lines the order has that ends the visit; 0 for no order.
fn order_lines(chance: &mut Chance, customer: &Customer, length: u32) -> u32 {
    let habits = customer.habits;
    let eagerness = (f64::from(length) / USUAL_LENGTH).clamp(0.5, 2.0);
    if length < 3 || !happens(chance, habits.buys * eagerness) {
        return 0;
    }
    (1 + exponential(chance, habits.lines + 0.3) as u32)
        .min(length / 3)
        .min(MOST_LINES)
}

fn units(chance: &mut Chance, catalogue: &Catalogue, customer: &Customer, product: u32) -> u32 {
    let several = catalogue.category_of(product).several * customer.habits.units;
    if happens(chance, several.min(0.9)) {
        (2 + exponential(chance, 1.2) as u32).min(24)
    } else {
        1
    }
}

/// The clock of one visit.
struct Clock {
    second: u32,
    /// The longest pause that keeps the visit within its bounds.
    longest: u32,
}

impl Clock {
    fn tick(&mut self, chance: &mut Chance, mean: f64) -> u32 {
        self.second += 1 + (exponential(chance, mean) as u32).min(self.longest - 1);
        self.second
    }
}

//! The products of the shop: what they are, what they cost and how popular they are.
//!
//! Popularity follows Zipf and Mandelbrot: the product of rank r (from 0) has weight
//! `1 / (r + 5)^0.95`, whatever its category. Every product has a latent *style*. A style has its
//! own brands and price level, and customers lean towards one or two styles across all categories,
//! which is what collaborative filtering can find and popularity cannot.

use rand::seq::SliceRandom;

use super::categories::{CATEGORIES, Category, DEPARTMENTS, chosen};
use super::streams::{Chance, Stream, Weighted, below, chance, happens, hash, log_normal};

/// Number of latent styles.
pub(super) const STYLES: usize = 6;
const BRANDS_PER_STYLE: usize = 2;
/// Price level of each style.
const TIERS: [f64; STYLES] = [0.60, 0.75, 0.92, 1.05, 1.35, 1.80];
/// Share of products without a brand.
const UNBRANDED: f64 = 0.13;
const ZIPF_EXPONENT: f64 = 0.95;
const ZIPF_OFFSET: f64 = 5.0;
const FIRST_PRODUCT_ID: i64 = 1_000_001;
const FIRST_CATEGORY_ID: i64 = 2_100_000_001;

const HEADS: [&str; 12] = [
    "zor", "lum", "ven", "kal", "mir", "tos", "bel", "fen", "gar", "hal", "nov", "pra",
];
const TAILS: [&str; 12] = [
    "ika", "ano", "ex", "ura", "el", "otto", "is", "ander", "eo", "um", "ina", "ork",
];

/// One product.
#[derive(Debug, Clone, Copy)]
pub(super) struct Product {
    /// Position among the shop's categories.
    pub(super) category: u8,
    /// Position among the brands; `None` for a product without one.
    brand: Option<u16>,
    style: u8,
    /// List price in cents, at least 1.
    pub(super) cents: u32,
}

/// Some products and how popular each is.
#[derive(Default)]
struct Shelf {
    products: Vec<u32>,
    popularity: Weighted,
}

impl Shelf {
    fn draw(&self, chance: &mut Chance) -> Option<u32> {
        self.popularity.draw(chance).map(|at| self.products[at])
    }
}

/// All products of a shop, arranged for drawing. About 60 bytes per product.
pub(super) struct Catalogue {
    seed: u64,
    products: Vec<Product>,
    brands: Vec<String>,
    /// The shop's categories as indices into [`CATEGORIES`].
    categories: Vec<usize>,
    all: Weighted,
    category_shelves: Vec<Shelf>,
    /// One shelf per category and style.
    style_shelves: Vec<Shelf>,
    /// Popularity of the categories.
    demand: Weighted,
    /// Of each category, the range of categories of its department.
    departments: Vec<(usize, usize)>,
}

impl Catalogue {
    /// Draws a catalogue of `count` products (at least 1).
    pub(super) fn new(seed: u64, count: u32) -> Self {
        let categories = chosen(u64::from(count));
        let premiums = brand_premiums(seed);
        let sizes = Weighted::new(categories.iter().map(|&at| CATEGORIES[at].size));
        let products: Vec<Product> = (0..count)
            .map(|index| {
                let mut chance = chance(seed, Stream::Catalogue, u64::from(index), 0);
                let category = sizes.draw(&mut chance).unwrap_or(0);
                product(
                    &mut chance,
                    category,
                    &CATEGORIES[categories[category]],
                    &premiums,
                )
            })
            .collect();

        let mut ranks: Vec<u32> = (0..count).collect();
        ranks.shuffle(&mut chance(seed, Stream::Catalogue, u64::MAX, 0));
        let weight = |index: u32| {
            (f64::from(ranks[index as usize]) + ZIPF_OFFSET)
                .powf(ZIPF_EXPONENT)
                .recip()
        };
        let cell = |product: &Product| usize::from(product.category) * STYLES;
        let category_shelves = shelves(&products, categories.len(), &weight, |product| {
            usize::from(product.category)
        });
        let style_shelves = shelves(&products, categories.len() * STYLES, &weight, |product| {
            cell(product) + usize::from(product.style)
        });
        let department = |at: usize| CATEGORIES[categories[at]].department;
        let departments = (0..categories.len())
            .map(|at| {
                let first = (0..at)
                    .rev()
                    .take_while(|&b| department(b) == department(at))
                    .last();
                let after = (at..categories.len()).find(|&b| department(b) != department(at));
                (first.unwrap_or(at), after.unwrap_or(categories.len()))
            })
            .collect();
        Self {
            seed,
            brands: brand_names(),
            all: Weighted::new((0..count).map(weight)),
            demand: Weighted::new(
                category_shelves
                    .iter()
                    .map(|shelf| shelf.popularity.total()),
            ),
            products,
            categories,
            category_shelves,
            style_shelves,
            departments,
        }
    }

    pub(super) fn product(&self, index: u32) -> &Product {
        &self.products[index as usize]
    }

    pub(super) fn category_of(&self, product: u32) -> &'static Category {
        &CATEGORIES[self.categories[usize::from(self.product(product).category)]]
    }

    pub(super) fn product_id(&self, product: u32) -> i64 {
        FIRST_PRODUCT_ID + i64::from(product)
    }

    pub(super) fn category_id(&self, product: u32) -> i64 {
        let at = self.categories[usize::from(self.product(product).category)];
        FIRST_CATEGORY_ID + at as i64
    }

    pub(super) fn brand(&self, product: u32) -> Option<&str> {
        self.product(product)
            .brand
            .map(|brand| self.brands[usize::from(brand)].as_str())
    }

    /// The price in cents on a day: every week about one product in twelve is 10 to 30 % off.
    pub(super) fn cents_on(&self, product: u32, day: u32) -> u32 {
        let bits = hash(
            self.seed,
            Stream::Promotion,
            u64::from(product),
            u64::from(day / 7),
        );
        let list = self.product(product).cents;
        let percent = if bits.is_multiple_of(12) {
            10 * (1 + (bits >> 32) % 3)
        } else {
            0
        };
        (u64::from(list) * (100 - percent) / 100).max(1) as u32
    }

    /// Any product, by popularity.
    pub(super) fn any(&self, chance: &mut Chance) -> u32 {
        self.all.draw(chance).unwrap_or(0) as u32
    }

    /// Any category, by popularity.
    pub(super) fn any_category(&self, chance: &mut Chance) -> u8 {
        self.demand.draw(chance).unwrap_or(0) as u8
    }

    /// A category of the same department, by popularity (often the same one).
    pub(super) fn neighbour(&self, chance: &mut Chance, category: u8) -> u8 {
        let (first, after) = self.departments[usize::from(category)];
        self.demand
            .draw_within(chance, first, after)
            .map_or(category, |at| at as u8)
    }

    /// A product of that category, of that style when one is given and the category has it.
    pub(super) fn of(&self, chance: &mut Chance, category: u8, style: Option<u8>) -> u32 {
        let category = usize::from(category);
        style
            .and_then(|style| {
                self.style_shelves[category * STYLES + usize::from(style)].draw(chance)
            })
            .or_else(|| self.category_shelves[category].draw(chance))
            .unwrap_or_else(|| self.any(chance))
    }
}

fn product(chance: &mut Chance, at: usize, category: &Category, premiums: &[f64]) -> Product {
    let style = below(chance, STYLES as u32) as usize;
    let brand = (usize::from(category.department) * STYLES + style) * BRANDS_PER_STYLE
        + below(chance, BRANDS_PER_STYLE as u32) as usize;
    let branded = !happens(chance, UNBRANDED);
    let premium = if branded { premiums[brand] } else { 0.8 };
    let price = log_normal(chance, category.price, category.spread) * TIERS[style] * premium;
    let cents = (price * 100.0).round().clamp(9.0, 2_000_000.0) as u32;
    // Half of the prices end in 99, as prices do.
    let cents = if happens(chance, 0.5) {
        cents - cents % 100 + 99
    } else {
        cents
    };
    Product {
        category: at as u8,
        brand: branded.then_some(brand as u16),
        style: style as u8,
        cents,
    }
}

fn shelves(
    products: &[Product],
    count: usize,
    weight: &impl Fn(u32) -> f64,
    place: impl Fn(&Product) -> usize,
) -> Vec<Shelf> {
    let mut shelves: Vec<Shelf> = (0..count).map(|_| Shelf::default()).collect();
    for (index, product) in products.iter().enumerate() {
        shelves[place(product)].products.push(index as u32);
    }
    for shelf in &mut shelves {
        shelf.popularity = Weighted::new(shelf.products.iter().map(|&index| weight(index)));
    }
    shelves
}

fn brand_names() -> Vec<String> {
    let count = DEPARTMENTS * STYLES * BRANDS_PER_STYLE;
    // 7 is coprime to the number of tails, so that neighbours do not share one.
    let name = |at: usize| {
        let head = HEADS[at / TAILS.len() % HEADS.len()];
        format!("{head}{}", TAILS[(at * 7 + at / TAILS.len()) % TAILS.len()])
    };
    (0..count).map(name).collect()
}

fn brand_premiums(seed: u64) -> Vec<f64> {
    (0..DEPARTMENTS * STYLES * BRANDS_PER_STYLE)
        .map(|brand| log_normal(&mut chance(seed, Stream::Brand, brand as u64, 0), 1.0, 0.2))
        .collect()
}

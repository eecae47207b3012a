//! The departments and categories of the simulated shop.

/// One category of products.
pub(super) struct Category {
    /// The dotted name shown in the log; `None` where the shop never named it, as real logs have.
    pub(super) code: Option<&'static str>,
    /// Categories of one department are looked at together.
    pub(super) department: u8,
    /// Relative number of products.
    pub(super) size: f64,
    /// Median price before brand and style.
    pub(super) price: f64,
    /// Standard deviation of the logarithm of the price.
    pub(super) spread: f64,
    /// Share of bought lines that come back.
    pub(super) returns: f64,
    /// Chance that a line is for more than one unit.
    pub(super) several: f64,
}

/// Number of departments below.
pub(super) const DEPARTMENTS: usize = 12;

const fn named(
    department: u8,
    code: &'static str,
    size: f64,
    price: f64,
    spread: f64,
    returns: f64,
    several: f64,
) -> Category {
    Category {
        code: Some(code),
        department,
        size,
        price,
        spread,
        returns,
        several,
    }
}

const fn unnamed(
    department: u8,
    size: f64,
    price: f64,
    spread: f64,
    returns: f64,
    several: f64,
) -> Category {
    Category {
        code: None,
        department,
        size,
        price,
        spread,
        returns,
        several,
    }
}

/// All categories; those of one department stand together.
#[rustfmt::skip]
pub(super) const CATEGORIES: [Category; 48] = [
    named(0, "electronics.smartphone", 5.0, 240.0, 0.70, 0.045, 0.02),
    named(0, "electronics.audio.headphone", 3.0, 45.0, 0.80, 0.050, 0.03),
    named(0, "electronics.clocks", 2.5, 90.0, 0.80, 0.050, 0.02),
    named(0, "electronics.tablet", 1.2, 180.0, 0.60, 0.045, 0.01),
    named(0, "electronics.video.tv", 1.8, 330.0, 0.65, 0.030, 0.01),
    unnamed(0, 2.0, 15.0, 0.70, 0.040, 0.10),
    named(1, "computers.notebook", 2.0, 520.0, 0.50, 0.040, 0.01),
    named(1, "computers.desktop", 0.8, 600.0, 0.55, 0.035, 0.01),
    named(1, "computers.peripherals.mouse", 1.4, 22.0, 0.70, 0.035, 0.06),
    named(1, "computers.peripherals.keyboard", 1.1, 38.0, 0.70, 0.035, 0.04),
    named(1, "computers.components.memory", 0.8, 55.0, 0.60, 0.030, 0.25),
    named(2, "appliances.kitchen.refrigerators", 1.6, 420.0, 0.50, 0.025, 0.01),
    named(2, "appliances.kitchen.washer", 1.5, 310.0, 0.40, 0.025, 0.01),
    named(2, "appliances.kitchen.microwave", 1.0, 95.0, 0.40, 0.025, 0.01),
    named(2, "appliances.kitchen.kettle", 1.2, 28.0, 0.50, 0.025, 0.03),
    named(2, "appliances.environment.vacuum", 1.6, 120.0, 0.65, 0.030, 0.01),
    named(2, "appliances.iron", 1.0, 32.0, 0.60, 0.025, 0.02),
    named(3, "apparel.shoes", 4.5, 58.0, 0.55, 0.080, 0.04),
    named(3, "apparel.shirt", 3.0, 24.0, 0.50, 0.075, 0.15),
    named(3, "apparel.trousers", 2.4, 38.0, 0.45, 0.080, 0.08),
    named(3, "apparel.dress", 2.2, 46.0, 0.55, 0.080, 0.04),
    named(3, "apparel.jacket", 1.6, 85.0, 0.55, 0.075, 0.02),
    unnamed(3, 2.4, 19.0, 0.60, 0.060, 0.20),
    named(4, "accessories.bag", 1.8, 42.0, 0.70, 0.050, 0.02),
    named(4, "accessories.wallet", 0.9, 26.0, 0.60, 0.040, 0.03),
    unnamed(4, 1.5, 12.0, 0.70, 0.035, 0.15),
    named(5, "furniture.living_room.sofa", 0.9, 450.0, 0.50, 0.035, 0.01),
    named(5, "furniture.bedroom.bed", 0.9, 280.0, 0.50, 0.035, 0.02),
    named(5, "furniture.kitchen.chair", 1.1, 65.0, 0.50, 0.035, 0.45),
    named(5, "furniture.bathroom.bath", 0.6, 160.0, 0.60, 0.030, 0.01),
    unnamed(5, 1.6, 24.0, 0.70, 0.030, 0.25),
    named(6, "kids.toys", 2.6, 18.0, 0.70, 0.030, 0.15),
    named(6, "kids.carriage", 0.8, 190.0, 0.50, 0.040, 0.01),
    named(6, "kids.dolls", 1.0, 16.0, 0.60, 0.025, 0.12),
    unnamed(6, 1.3, 10.0, 0.60, 0.025, 0.25),
    named(7, "sport.bicycle", 0.9, 260.0, 0.55, 0.035, 0.01),
    named(7, "sport.trainer", 0.9, 140.0, 0.80, 0.040, 0.02),
    named(7, "sport.ski", 0.7, 150.0, 0.60, 0.045, 0.03),
    named(8, "auto.accessories.player", 0.9, 60.0, 0.60, 0.035, 0.02),
    named(8, "auto.tyres", 1.0, 70.0, 0.40, 0.020, 0.70),
    unnamed(8, 1.2, 14.0, 0.80, 0.030, 0.20),
    named(9, "construction.tools.drill", 1.3, 75.0, 0.60, 0.030, 0.02),
    named(9, "construction.tools.light", 1.6, 12.0, 0.70, 0.025, 0.45),
    unnamed(9, 1.4, 9.0, 0.80, 0.020, 0.50),
    named(10, "stationery.paper", 1.2, 6.0, 0.50, 0.020, 0.60),
    named(10, "stationery.cartridge", 1.0, 28.0, 0.50, 0.025, 0.25),
    named(11, "beauty.skincare", 2.4, 14.0, 0.70, 0.020, 0.25),
    unnamed(11, 2.0, 7.0, 0.60, 0.020, 0.40),
];

/// The categories of a shop with that many products, as indices into [`CATEGORIES`]: all of them
/// when there are four products or more for each, otherwise an even selection.
pub(super) fn chosen(products: u64) -> Vec<usize> {
    let all = CATEGORIES.len();
    let count = usize::try_from(products / 4).map_or(all, |count| count.clamp(1, all));
    (0..count).map(|i| i * all / count).collect()
}

//! Colour scales, all chosen to be told apart by colour-blind readers.

use plotters::style::RGBColor;

use super::PAPER;

/// Twelve colours for unordered groups: the palette "Safe" of CARTOColors, made for colour-blind
/// readers, ordered here so that neighbours in a stack differ in lightness too.
pub(crate) const GROUPS: [RGBColor; 12] = [
    RGBColor(0x33, 0x22, 0x88),
    RGBColor(0x88, 0xCC, 0xEE),
    RGBColor(0x11, 0x77, 0x33),
    RGBColor(0xDD, 0xCC, 0x77),
    RGBColor(0xCC, 0x66, 0x77),
    RGBColor(0x44, 0xAA, 0x99),
    RGBColor(0x88, 0x22, 0x55),
    RGBColor(0x99, 0x99, 0x33),
    RGBColor(0x66, 0x99, 0xCC),
    RGBColor(0xAA, 0x44, 0x99),
    RGBColor(0x66, 0x11, 0x00),
    RGBColor(0x88, 0x88, 0x88),
];

/// From little to much: light to dark blue, after ColorBrewer "Blues".
const SEQUENTIAL: [RGBColor; 6] = [
    RGBColor(0xEF, 0xF5, 0xFB),
    RGBColor(0xC9, 0xDD, 0xF0),
    RGBColor(0x95, 0xC1, 0xE2),
    RGBColor(0x62, 0xA6, 0xD6),
    RGBColor(0x1F, 0x68, 0xAE),
    RGBColor(0x0A, 0x3D, 0x7C),
];

/// From below to above: orange over near-white to blue, safe for every kind of colour vision.
const DIVERGING: [RGBColor; 7] = [
    RGBColor(0xA8, 0x4B, 0x05),
    RGBColor(0xE9, 0x9C, 0x50),
    RGBColor(0xF8, 0xCD, 0x9A),
    RGBColor(0xF6, 0xF6, 0xF6),
    RGBColor(0xB4, 0xD3, 0xE9),
    RGBColor(0x6C, 0xAD, 0xD9),
    RGBColor(0x15, 0x5A, 0x9C),
];

/// Colour of `position` between 0 (little) and 1 (much).
pub(crate) fn sequential(position: f64) -> RGBColor {
    ramp(&SEQUENTIAL, position)
}

/// Colour of `position` between −1 (below) and 1 (above); 0 is neutral.
pub(crate) fn diverging(position: f64) -> RGBColor {
    ramp(&DIVERGING, (position + 1.0) / 2.0)
}

/// Black or white, whichever reads better on `background`. Pure black, because with anything
/// lighter some shade in the middle leaves both below the contrast of 4.5 that WCAG 2 asks for.
pub(crate) fn ink_on(background: RGBColor) -> RGBColor {
    let black = RGBColor(0, 0, 0);
    if contrast(background, black) >= contrast(background, PAPER) {
        black
    } else {
        PAPER
    }
}

/// WCAG 2 contrast ratio of two colours, from 1 (equal) to 21.
pub(crate) fn contrast(one: RGBColor, other: RGBColor) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

fn luminance(RGBColor(red, green, blue): RGBColor) -> f64 {
    let linear = |channel: u8| {
        let value = f64::from(channel) / 255.0;
        if value <= 0.040_45 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    };
    0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
}

fn ramp(colors: &[RGBColor], position: f64) -> RGBColor {
    let last = colors.len() - 1;
    let place = position.clamp(0.0, 1.0) * last as f64;
    let index = (place.floor() as usize).min(last - 1);
    let part = place - index as f64;
    let (from, to) = (colors[index], colors[index + 1]);
    let mix = |from: u8, to: u8| {
        (f64::from(from) + (f64::from(to) - f64::from(from)) * part).round() as u8
    };
    RGBColor(mix(from.0, to.0), mix(from.1, to.1), mix(from.2, to.2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_meet_their_ends_and_centre() {
        assert_eq!(sequential(0.0), SEQUENTIAL[0]);
        assert_eq!(sequential(1.0), SEQUENTIAL[5]);
        assert_eq!(sequential(7.0), SEQUENTIAL[5]);
        assert_eq!(diverging(0.0), DIVERGING[3]);
        assert_eq!(diverging(-1.0), DIVERGING[0]);
        assert_eq!(diverging(1.0), DIVERGING[6]);
    }

    #[test]
    fn text_keeps_its_contrast_on_every_shade() {
        for step in 0..=200 {
            let position = f64::from(step) / 100.0 - 1.0;
            for color in [diverging(position), sequential(position)] {
                let ratio = contrast(color, ink_on(color));
                assert!(ratio >= 4.5, "{color:?} has only {ratio:.2}");
            }
        }
    }
}

//! Room for text, measured without a font at hand: the advance widths of Noto Sans for printable
//! ASCII, and cautious guesses for the rest.

/// A browser without Noto Sans may choose a face a little wider.
const SAFETY: f64 = 1.03;
const ELLIPSIS: char = '…';

/// Advance widths in thousandths of an em, from U+0020 to U+007E.
const REGULAR: [u16; 95] = [
    260, 269, 408, 646, 572, 831, 732, 225, 300, 300, 551, 572, 268, 322, 268, 372, 572, 572, 572,
    572, 572, 572, 572, 572, 572, 572, 268, 268, 572, 572, 572, 434, 899, 639, 650, 632, 730, 556,
    519, 728, 741, 339, 273, 619, 524, 907, 760, 781, 605, 781, 622, 549, 556, 731, 600, 930, 586,
    566, 572, 329, 372, 329, 572, 444, 580, 561, 615, 480, 615, 564, 344, 615, 618, 258, 258, 534,
    258, 935, 618, 605, 615, 615, 413, 479, 361, 618, 508, 786, 529, 510, 470, 380, 551, 380, 572,
];
const BOLD: [u16; 95] = [
    260, 286, 472, 646, 572, 901, 750, 266, 339, 339, 545, 572, 285, 322, 285, 413, 572, 572, 572,
    572, 572, 572, 572, 572, 572, 572, 285, 285, 572, 572, 572, 477, 897, 690, 672, 637, 740, 560,
    549, 724, 765, 389, 331, 664, 565, 943, 813, 796, 628, 796, 660, 551, 579, 756, 650, 967, 667,
    624, 579, 331, 413, 331, 572, 411, 607, 604, 633, 514, 633, 591, 387, 633, 657, 305, 305, 620,
    305, 982, 657, 619, 633, 633, 454, 497, 434, 657, 569, 856, 578, 569, 488, 394, 551, 394, 572,
];

/// Makes a name from data fit to be drawn: no control or direction characters (XML forbids the
/// former, the latter could turn the neighbouring text around), single spaces, never empty.
pub(crate) fn clean(name: &str) -> String {
    let visible: String = name
        .chars()
        .filter(|character| !is_direction_mark(*character))
        .map(|character| {
            if is_drawable(character) {
                character
            } else {
                ' '
            }
        })
        .collect();
    let words: Vec<&str> = visible.split_whitespace().collect();
    if words.is_empty() {
        "(no name)".to_owned()
    } else {
        words.join(" ")
    }
}

fn is_drawable(character: char) -> bool {
    !character.is_control() && !matches!(character, '\u{FFFE}' | '\u{FFFF}')
}

fn is_direction_mark(character: char) -> bool {
    matches!(character, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

/// Width of `text` at `size`, in the units of `size`.
pub(crate) fn width(text: &str, size: f64, bold: bool) -> f64 {
    let thousandths: u32 = text.chars().map(|character| advance(character, bold)).sum();
    f64::from(thousandths) / 1000.0 * size * SAFETY
}

fn advance(character: char, bold: bool) -> u32 {
    match u32::from(character) {
        code @ 0x20..=0x7E => {
            let table = if bold { &BOLD } else { &REGULAR };
            u32::from(table[(code - 0x20) as usize])
        }
        0x202F => 200,
        0xA0 | 0xB7 => 290,
        0x2026 => 860,
        // Combining marks sit on the letter before them.
        0x0300..=0x036F => 0,
        // Other Latin, Greek and Cyrillic letters and punctuation.
        0xA1..=0x10FF | 0x1E00..=0x22FF => 680,
        _ => 1050,
    }
}

/// `text`, or as much of it as fits into `room` with an ellipsis.
pub(crate) fn fit(text: &str, size: f64, bold: bool, room: f64) -> String {
    if width(text, size, bold) <= room {
        return text.to_owned();
    }
    let mut kept = String::new();
    for character in text.chars() {
        kept.push(character);
        kept.push(ELLIPSIS);
        let fits = width(&kept, size, bold) <= room;
        kept.pop();
        if !fits {
            kept.pop();
            break;
        }
    }
    let mut kept = kept.trim_end_matches([' ', ',', '-', '_']).to_owned();
    kept.push(ELLIPSIS);
    kept
}

/// `text` in at most `lines` lines, broken between words (also after `_`, `-`, `/`), the last line
/// shortened if the text is longer than that.
pub(crate) fn wrap(text: &str, size: f64, bold: bool, room: f64, lines: usize) -> Vec<String> {
    let mut wrapped: Vec<String> = Vec::new();
    let mut line = String::new();
    let pieces = pieces(text);
    for (index, piece) in pieces.iter().enumerate() {
        let longer = format!("{line}{piece}");
        if line.is_empty() || width(longer.trim_end(), size, bold) <= room {
            line = longer;
            continue;
        }
        if wrapped.len() + 1 == lines {
            // The last line takes all that is left and is cut by `fit` below.
            line.extend(pieces[index..].iter().copied());
            break;
        }
        wrapped.push(std::mem::replace(&mut line, (*piece).to_owned()));
    }
    wrapped.push(line);
    wrapped
        .iter()
        .map(|line| fit(line.trim_end(), size, bold, room))
        .collect()
}

/// Cuts behind every character a line may end with; the pieces joined give the text again.
fn pieces(text: &str) -> Vec<&str> {
    text.split_inclusive([' ', '_', '-', '/']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_text_is_left_alone() {
        assert_eq!(fit("Champions", 13.0, false, 100.0), "Champions");
        assert_eq!(
            wrap("Potential Loyalists", 13.0, false, 200.0, 2),
            ["Potential Loyalists"]
        );
    }

    #[test]
    fn long_text_is_cut_to_the_room() {
        let cut = fit("Potential Loyalists", 13.0, false, 80.0);
        assert!(
            cut.ends_with('…') && width(&cut, 13.0, false) <= 80.0,
            "{cut}"
        );
        assert_eq!(fit("Champions", 13.0, false, 1.0), "…");
    }

    #[test]
    fn lines_break_between_words() {
        assert_eq!(
            wrap("Potential Loyalists", 13.0, false, 80.0, 2),
            ["Potential", "Loyalists"]
        );
        let lines = wrap("big baskets, rare visits, few returns", 12.0, true, 90.0, 2);
        assert_eq!(lines.len(), 2);
        assert!(lines[1].ends_with('…'), "{lines:?}");
        assert_eq!(
            wrap("days_between_orders", 12.0, false, 90.0, 2),
            ["days_between_", "orders"]
        );
    }

    #[test]
    fn names_lose_what_cannot_be_drawn() {
        assert_eq!(clean("a\u{0}b\n  c\u{202E}d"), "a b cd");
        assert_eq!(clean(" \t"), "(no name)");
        assert_eq!(clean("R&D <b>"), "R&D <b>");
    }
}

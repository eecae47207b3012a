//! Separated values: fields, quotes, delimiters, line numbers.

use proptest::prelude::*;

use super::{Files, Read};
use crate::source::{Delimiter, Encoding, SourceOptions};

fn some<'a>(values: &[&'a str]) -> Vec<Option<&'a str>> {
    values
        .iter()
        .map(|value| (!value.is_empty()).then_some(*value))
        .collect()
}

#[tokio::test]
async fn text_is_kept_as_written_and_an_empty_field_is_null() {
    let read = Files::new()
        .with("a.csv", "x,y\n 1 ,00.50\n,\"\"\n85123A,é\n")
        .read()
        .await;
    assert_eq!(read.text("x"), some(&[" 1 ", "", "85123A"]));
    assert_eq!(read.text("y"), some(&["00.50", "", "é"]));
    assert_eq!(read.lines(), [2, 3, 4]);
    assert_eq!(read.faults(), []);
}

#[tokio::test]
async fn quoted_fields_hold_delimiters_quotes_and_line_breaks_and_lines_still_count_right() {
    let text = "x,y\n\"a,b\",1\n\"two\nlines\",2\n\"say \"\"hi\"\"\",3\n\n4,\"\r\n\"\nlast,5";
    let read = Files::new().with("a.csv", text).read().await;
    assert_eq!(
        read.text("x"),
        some(&["a,b", "two\nlines", "say \"hi\"", "4", "last"])
    );
    assert_eq!(read.text("y"), some(&["1", "2", "3", "\r\n", "5"]));
    assert_eq!(read.lines(), [2, 3, 5, 7, 9]);
}

#[tokio::test]
async fn too_few_and_too_many_fields_are_rows_with_their_text() {
    let read = Files::new()
        .with("a.csv", "x,y,z\n1,2,3\n1,2\n1,2,3,4\n7,8,9")
        .read()
        .await;
    assert_eq!(
        read.faults(),
        [(3, "truncated_line"), (4, "too_many_fields")]
    );
    assert_eq!(
        read.text("_raw"),
        [None, Some("1,2"), Some("1,2,3,4"), None]
    );
    assert_eq!(read.text("x"), [Some("1"), None, None, Some("7")]);
}

#[tokio::test]
async fn a_quote_that_is_never_closed_costs_one_line() {
    let text = "x,y\n1,\"open\n2,b\n3,c\n4,\"d\"\n5,e\n";
    let read = Files::new().with("a.csv", text).read().await;
    assert_eq!(read.faults(), [(2, "unterminated_quote")]);
    assert_eq!(read.text("_raw")[0], Some("1,\"open"));
    assert_eq!(read.text("y")[1..], some(&["b", "c", "d", "e"]));
    assert_eq!(read.lines(), [2, 3, 4, 5, 6]);
}

#[tokio::test]
async fn a_quote_inside_a_field_is_itself() {
    let read = Files::new()
        .with("a.csv", "x,y\n5\" pipe,1\n\"5\" pipe,2\n")
        .read()
        .await;
    assert_eq!(read.text("x"), some(&["5\" pipe", "5 pipe"]));
}

#[tokio::test]
async fn the_delimiter_is_found_in_the_header() {
    for (name, text) in [
        ("a.csv", "x;y\n1,5;2\n"),
        ("a.txt", "x|y\n1,5|2\n"),
        ("a.csv", "x\ty\n1,5\t2\n"),
        ("a.tsv", "x\ty\n1,5\t2\n"),
    ] {
        let read = Files::new().with(name, text).read().await;
        assert_eq!(read.text("x"), some(&["1,5"]), "{text}");
    }
}

#[tokio::test]
async fn fixed_columns_without_a_header_are_read_by_runs_of_blanks() {
    let options = SourceOptions {
        delimiter: Some(Delimiter::Whitespace),
        columns: Some(["id", "date", "amount"].map(str::to_owned).to_vec()),
        ..SourceOptions::default()
    };
    let files = Files::new().with(
        "a.txt",
        " 00004 19970101   29.33\r\n 00004 19970118\r\n\r\n",
    );
    let read = files.read_with(&options, 1).await;
    assert_eq!(read.text("id"), [Some("00004"), None]);
    assert_eq!(read.text("amount"), [Some("29.33"), None]);
    assert_eq!(read.faults(), [(2, "truncated_line")]);
}

#[tokio::test]
async fn columns_without_names_are_numbered_and_repeated_names_told_apart() {
    let read = Files::new()
        .with("a.csv", "x,,x,_line\n1,2,3,4\n")
        .read()
        .await;
    assert_eq!(read.text("column_2"), some(&["2"]));
    assert_eq!(read.text("x_2"), some(&["3"]));
    assert_eq!(read.text("_line_2"), some(&["4"]));
    let options = SourceOptions {
        header: Some(false),
        ..SourceOptions::default()
    };
    let read = Files::new()
        .with("a.csv", "1,2\n3,4\n")
        .read_with(&options, 1)
        .await;
    assert_eq!(read.text("column_1"), some(&["1", "3"]));
    assert_eq!(read.lines(), [1, 2]);
}

#[tokio::test]
async fn latin_1_is_read_when_asked_for() {
    let options = SourceOptions {
        encoding: Encoding::Latin1,
        ..SourceOptions::default()
    };
    let read = Files::new()
        .with("a.csv", b"x,y\n\xa35,1\n")
        .read_with(&options, 1)
        .await;
    assert_eq!(read.text("x"), some(&["£5"]));
}

#[tokio::test]
async fn columns_are_matched_by_name_over_files() {
    let files = Files::new()
        .with("a.csv", "x,y\n1,2\n")
        .with("b.csv", "z,y,x\n3,4,5\n");
    let read = files.read_with(&SourceOptions::default(), 1).await;
    assert_eq!(read.text("x"), some(&["1", "5"]));
    assert_eq!(read.text("y"), some(&["2", "4"]));
    assert_eq!(read.text("z"), some(&["", "3"]));
    assert_eq!(read.files(), [0, 1]);
    assert!(read.text("_url")[1].unwrap().ends_with("/b.csv"));
}

#[tokio::test]
async fn a_file_is_cut_into_batches() {
    let mut text = "x,y\n".to_owned();
    for row in 0..20_000 {
        text.push_str(&format!("{row},v{row}\n"));
    }
    let read = Files::new().with("a.csv", text).read().await;
    assert_eq!((read.len(), read.batches), (20_000, 3));
    assert_eq!(read.lines(), (2..20_002).collect::<Vec<u64>>());
    assert_eq!(read.text("y")[19_999], Some("v19999"));
}

/// A record as a strict writer writes it.
fn written(fields: &[String], ending: &str) -> String {
    let quoted = |field: &String| match field.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", field.replace('"', "\"\"")),
        false => field.clone(),
    };
    fields.iter().map(quoted).collect::<Vec<_>>().join(",") + ending
}

fn block_on(files: &Files) -> Read {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(files.read())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_a_writer_wrote_is_read_back_with_its_lines(
        rows in prop::collection::vec(prop::collection::vec("[a-c,\"\n\r é]{0,6}", 3), 0..20),
        ending in prop::sample::select(vec!["\n", "\r\n"]),
        last_ending in any::<bool>(),
    ) {
        let mut text = format!("a,b,c{ending}");
        let mut lines = Vec::new();
        for (number, row) in rows.iter().enumerate() {
            lines.push(text.matches('\n').count() as u64 + 1);
            let last = number + 1 == rows.len() && !last_ending;
            text.push_str(&written(row, if last { "" } else { ending }));
        }
        let read = block_on(&Files::new().with("a.csv", &text));
        prop_assert_eq!(read.faults(), vec![]);
        for (place, name) in ["a", "b", "c"].into_iter().enumerate() {
            let expected: Vec<Option<&str>> =
                rows.iter().map(|row| Some(row[place].as_str()).filter(|v| !v.is_empty())).collect();
            prop_assert_eq!(read.text(name), expected);
        }
        prop_assert_eq!(read.lines(), lines);
    }

    #[test]
    fn no_line_is_lost_whatever_stands_in_it(
        lines in prop::collection::vec("[a,\" ]{0,8}", 0..40),
    ) {
        let text = format!("a,b\n{}", lines.join("\n"));
        let read = block_on(&Files::new().with("a.csv", &text));
        // Every line that is not blank is covered by exactly one row: a row reaches from its line
        // to the next row's, and only rows with a quoted line break span several.
        let seen = read.lines();
        prop_assert!(seen.windows(2).all(|pair| pair[0] < pair[1]));
        let values: String = ["a", "b", "_raw"]
            .iter()
            .flat_map(|column| read.text(column))
            .flatten()
            .collect();
        let letters = |text: &str| text.matches('a').count();
        prop_assert_eq!(letters(&values), lines.iter().map(|line| letters(line)).sum::<usize>());
    }
}

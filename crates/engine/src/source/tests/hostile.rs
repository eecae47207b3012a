//! Files that mean harm, or were harmed.

use super::{Files, gzip};
use crate::source::{SourceError, SourceOptions};

#[tokio::test]
async fn bytes_that_are_not_utf_8_are_a_row_with_a_fault() {
    let read = Files::new()
        .with("a.csv", b"x,y\n1,a\n\xff\xfe,b\n3,c\n")
        .read()
        .await;
    assert_eq!(read.faults(), [(3, "invalid_utf8")]);
    assert_eq!(read.text("_raw")[1], Some("\u{fffd}\u{fffd},b"));
    assert_eq!(read.len(), 3);
}

#[tokio::test]
async fn nul_bytes_are_characters_like_others() {
    let read = Files::new().with("a.csv", b"x,y\n\0,a\n").read().await;
    assert_eq!(read.text("x"), [Some("\0")]);
}

#[tokio::test]
async fn a_byte_order_mark_and_carriage_returns_leave_no_trace() {
    let read = Files::new()
        .with("a.csv", b"\xef\xbb\xbfx,y\r\n1,2\r\n3,4")
        .read()
        .await;
    assert_eq!(read.text("x"), [Some("1"), Some("3")]);
    assert_eq!(read.text("y"), [Some("2"), Some("4")]);
}

#[tokio::test]
async fn a_line_of_a_megabyte_is_read_and_one_of_twenty_is_a_fault() {
    let long = "v".repeat(1 << 20);
    let monster = "w".repeat(20 << 20);
    let text = format!("x,y\n1,{long}\n2,{monster}\n3,c\n");
    let read = Files::new().with("a.csv", text).read().await;
    assert_eq!(read.text("y")[0].unwrap().len(), 1 << 20);
    assert_eq!(read.faults(), [(3, "line_too_long")]);
    assert!(read.text("_raw")[1].unwrap().len() < 2100);
    assert_eq!(read.text("y")[2], Some("c"));
    assert_eq!(read.lines(), [2, 3, 4]);
}

#[tokio::test]
async fn a_lone_quote_in_a_long_file_costs_one_line() {
    let mut text = "x,y\n\"1,a\n".to_owned();
    for row in 0..200_000 {
        text.push_str(&format!("{row},b\n"));
    }
    let read = Files::new().with("a.csv", text).read().await;
    assert_eq!(read.faults(), [(2, "unterminated_quote")]);
    assert_eq!(read.len(), 200_001);
}

#[tokio::test]
async fn a_gzip_stream_that_ends_early_keeps_its_rows_and_says_so() {
    let mut text = "x,y\n".to_owned();
    for row in 0..50_000u32 {
        text.push_str(&format!("{row},{}\n", row.wrapping_mul(2_654_435_761)));
    }
    let whole = gzip(text.as_bytes());
    let read = Files::new().with("a.csv.gz", &whole).read().await;
    assert_eq!((read.len(), read.faults()), (50_000, vec![]));
    let read = Files::new()
        .with("a.csv.gz", &whole[..whole.len() / 2])
        .read()
        .await;
    assert!(read.len() > 10_000, "{}", read.len());
    assert_eq!(read.faults().last().unwrap().1, "truncated_file");
    assert_eq!(read.text("x")[9_999], Some("9999"));
    let mut damaged = whole.clone();
    let middle = damaged.len() / 2;
    damaged[middle..middle + 64].fill(0xff);
    let read = Files::new().with("a.csv.gz", &damaged).read().await;
    assert_eq!(read.faults().last().unwrap().1, "truncated_file");
}

#[tokio::test]
async fn files_that_hold_nothing_are_nothing() {
    let read = Files::new()
        .with("a.csv", "")
        .with("b.csv", "x,y\n1,2\n")
        .read()
        .await;
    assert_eq!((read.files(), read.lines()), (vec![1], vec![2]));
    let read = Files::new().with("a.csv", "x,y\n").read().await;
    assert_eq!(read.len(), 0);
    let error = Files::new()
        .with("a.csv", "")
        .open(&SourceOptions::default())
        .await
        .unwrap_err();
    assert!(matches!(error, SourceError::Empty { .. }), "{error}");
}

#[tokio::test]
async fn what_is_no_text_is_refused_with_the_remedy() {
    for (bytes, remedy) in [
        (b"PK\x03\x04rest".as_slice(), "export it as CSV"),
        (b"\xff\xfex\0,\0".as_slice(), "UTF-16"),
        (b"BZh91AY".as_slice(), "use gzip"),
        (b"PAR1".as_slice(), ".parquet"),
        (b"x,y\r1,2\r".as_slice(), "line feeds"),
        (b"\xe9t\xe9,y\n1,2\n".as_slice(), "latin1"),
    ] {
        let files = Files::new().with("a.csv", bytes);
        let error = files
            .open(&SourceOptions::default())
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains(remedy) && error.contains("a.csv"), "{error}");
    }
    let files = Files::new().with("a.parquet", "x,y\n1,2\n");
    let error = files
        .open(&SourceOptions::default())
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("cannot be read as Parquet"), "{error}");
}

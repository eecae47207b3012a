//! Real shops: every customer's RFM equals an independent computation from the raw files.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};

use crate::independent::{Expected, Line, rfm, ten_thousandths};
use crate::support::{Run, Shop, dataset};

/// Sums over all customers: days, orders, money, and the three scores.
fn sums(expected: &Expected) -> (i64, i64, i128, [u64; 3]) {
    expected
        .values()
        .fold((0, 0, 0, [0; 3]), |sum, (days, orders, money, scores)| {
            let score = |i: usize| sum.3[i] + u64::from(scores[i]);
            (
                sum.0 + days,
                sum.1 + orders,
                sum.2 + money,
                [score(0), score(1), score(2)],
            )
        })
}

async fn agrees(run: &Run, expected: &Expected) {
    let customers = run.customers().await;
    let buyers = customers
        .values()
        .filter(|customer| !customer["r_score"].is_empty())
        .count();
    assert_eq!(buyers, expected.len());
    for (user, (days, frequency, money, scores)) in expected {
        let row = &customers[&user.to_string()];
        assert_eq!(row["recency_days"], days.to_string(), "recency of {user}");
        assert_eq!(
            row["frequency"],
            frequency.to_string(),
            "frequency of {user}"
        );
        assert_eq!(
            ten_thousandths(&row["monetary"]),
            *money,
            "monetary value of {user}"
        );
        for (column, score) in ["r_score", "f_score", "m_score"].iter().zip(scores) {
            assert_eq!(row[*column], score.to_string(), "{column} of {user}");
        }
    }
}

#[tokio::test]
async fn online_retail() {
    let Some(folder) = dataset("uci-online-retail/by-day") else {
        return;
    };
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    let (mut lines, mut last) = (Vec::new(), NaiveDateTime::MIN);
    for file in files
        .iter()
        .filter(|file| file.extension().is_some_and(|e| e == "csv"))
    {
        for record in csv::Reader::from_path(file).unwrap().records() {
            let record = record.unwrap();
            let at = NaiveDateTime::parse_from_str(&record[4], "%Y-%m-%d %H:%M:%S").unwrap();
            last = last.max(at);
            if record[6].is_empty() {
                continue;
            }
            let quantity: i128 = record[3].parse().unwrap();
            let order = (!record[0].starts_with('C')).then(|| record[0].to_owned());
            lines.push(Line {
                user: record[6].split('.').next().unwrap().parse().unwrap(),
                at,
                order,
                amount: quantity.abs() * ten_thousandths(&record[5]),
            });
        }
    }
    let expected = rfm(&lines, last);
    // The known facts of the dataset: 4,372 customers, of whom 33 only ever returned something.
    assert_eq!(expected.len(), 4_339);
    // As computed once with pandas, without any of this code.
    let pandas = (399_368, 18_536, 83_104_770_540, [12_931, 11_396, 13_015]);
    assert_eq!(sums(&expected), pandas);
    let run = Shop::of_files(&folder, "online-retail").run().await;
    assert_eq!(run.outcome.totals.customers, 4_372);
    assert_eq!(
        run.outcome.span.as_of.to_rfc3339(),
        "2011-12-10T00:00:00+00:00"
    );
    agrees(&run, &expected).await;
}

#[tokio::test]
async fn cdnow_sample() {
    let Some(folder) = dataset("cdnow") else {
        return;
    };
    let file = folder.join("CDNOW_sample.txt");
    let text = std::fs::read_to_string(&file).unwrap();
    let mut lines = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let day = NaiveDate::parse_from_str(fields[2], "%Y%m%d").unwrap();
        lines.push(Line {
            user: fields[1].parse().unwrap(),
            at: day.and_time(NaiveTime::MIN),
            order: Some(fields[2].to_owned()),
            amount: ten_thousandths(fields[4]),
        });
    }
    let last = lines.iter().map(|line| line.at).max().unwrap();
    let expected = rfm(&lines, last);
    assert_eq!(expected.len(), 2_357);
    let pandas = (878_133, 6_696, 2_440_919_400, [7_048, 5_749, 7_060]);
    assert_eq!(sums(&expected), pandas);
    let mapping =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/mappings/cdnow.toml");
    let run = Shop::of_files(&file, mapping.to_str().unwrap()).run().await;
    agrees(&run, &expected).await;
}

//! Recommendation on the command line: a run, and what can be asked of it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use serde_json::Value;
use tempfile::TempDir;

use super::program::{Row, fail, latest_run, rows, run, shop, succeed, tree};

/// A grid of one small setting.
pub(crate) const QUICK: [&str; 12] = [
    "--factors",
    "8",
    "--regularization",
    "0.1",
    "--alpha",
    "5",
    "--folds",
    "2",
    "--iterations",
    "5",
    "--top-n",
    "10",
];

/// A customer and a product that no shop here has.
const STRANGER: &str = "987654321";

/// A small shop and a recommendation run on it.
struct Asked {
    _folder: TempDir,
    output: String,
    /// What the run said.
    said: String,
    run: PathBuf,
}

/// The run that tests share while any of them asks it.
static SHARED: Mutex<Weak<Asked>> = Mutex::new(Weak::new());

impl Asked {
    fn after_a_run() -> Arc<Self> {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let asked = Arc::new(Self::run());
            *shared = Arc::downgrade(&asked);
            asked
        })
    }

    fn run() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let events = shop(&folder.path().join("shop"), 8_000, 400);
        let output = folder.path().join("out");
        let path = output.to_str().unwrap().to_owned();
        let mut arguments = vec!["--quiet", "run", "recommendation", "--events", &events];
        arguments.extend(["--output", &path]);
        arguments.extend(QUICK);
        let said = succeed(&arguments);
        Self {
            run: latest_run(&output, "recommendation"),
            output: path,
            said,
            _folder: folder,
        }
    }

    fn table(&self, name: &str) -> Vec<Row> {
        rows(&self.run.join(name))
    }

    /// The arguments of a question.
    fn question<'a>(&'a self, command: &'a str, more: &[&'a str]) -> Vec<&'a str> {
        [&[command, "--output", &self.output], more].concat()
    }

    fn text(&self, command: &str, more: &[&str]) -> String {
        succeed(&self.question(command, more))
    }

    fn json(&self, command: &str, more: &[&str]) -> Value {
        let mut arguments = self.question(command, more);
        arguments.extend(["--format", "json"]);
        serde_json::from_str(&succeed(&arguments)).unwrap()
    }

    /// A customer and the list of the table, best first.
    fn listed(&self) -> (String, Vec<Row>) {
        let table = self.table("recommendations.parquet");
        let user = table[0]["user_id"].clone();
        let list = table.into_iter().filter(|row| row["user_id"] == user);
        (user.clone(), list.collect())
    }

    /// The products a customer has had events with.
    fn seen(&self, user: &str) -> BTreeSet<String> {
        let pairs = self.table("interactions.parquet").into_iter();
        let of_user = pairs.filter(|row| row["user_id"] == user);
        of_user.map(|row| row["product_id"].clone()).collect()
    }
}

/// The products of an answer in JSON.
fn products(answer: &Value) -> Vec<String> {
    let list = answer["recommendations"].as_array();
    let list = list.or_else(|| answer["similar"].as_array()).unwrap();
    let id = |product: &Value| product["product_id"].as_str().unwrap().to_owned();
    list.iter().map(id).collect()
}

/// The products of an answer in CSV.
fn products_of_csv(text: &str) -> Vec<String> {
    let (header, rows) = text.split_once('\n').unwrap();
    let place = header.split(',').position(|name| name == "product_id");
    let cell = |row: &str| row.split(',').nth(place.unwrap()).unwrap().to_owned();
    rows.lines().map(cell).collect()
}

#[test]
fn a_run_leaves_its_files_and_says_how_good_its_lists_are() {
    let asked = Asked::after_a_run();
    let files = tree(&asked.run);
    for file in [
        "cv.csv",
        "data_quality.json",
        "interactions.parquet",
        "item_factors.parquet",
        "manifest.json",
        "metrics.json",
        "model.json",
        "popular_products.parquet",
        "products.parquet",
        "quarantine.parquet",
        "recommendations.parquet",
        "report.html",
        "user_factors.parquet",
    ] {
        assert!(
            files.iter().any(|name| name == file),
            "no {file}: {files:?}"
        );
    }
    assert!(
        !files.iter().any(|name| name.starts_with("_work")),
        "{files:?}"
    );

    // One setting on two folds, and its test on later events.
    let cv = std::fs::read_to_string(asked.run.join("cv.csv")).unwrap();
    assert_eq!(cv.lines().count(), 1 + 2 + 1, "{cv}");
    assert!(cv.starts_with("fold,factors,regularization,alpha,rmse,mae,ndcg_at_10"));
    assert!(cv.lines().last().unwrap().starts_with("time,8,0.1,5"));

    // The manifest tells how to run it again, without the settings of other jobs.
    let manifest = std::fs::read_to_string(asked.run.join("manifest.json")).unwrap();
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    let settings = &manifest["parameters"]["settings"];
    assert_eq!(settings["implicit"]["alpha"], serde_json::json!([5.0]));
    assert_eq!(settings["top_n"], 10);
    assert!(settings["k"].is_null() && settings["segmentation"].is_null());

    let said = &asked.said;
    let run_id = asked.run.file_name().unwrap().to_str().unwrap();
    for words in ["customers", "pairs", "NDCG@10", "Popularity", run_id] {
        assert!(said.contains(words), "no {words} in\n{said}");
    }
    assert!(said.contains("report.html"), "{said}");
    let metrics = std::fs::read_to_string(asked.run.join("metrics.json")).unwrap();
    let verdicts = [
        ("better", "beats popularity"),
        ("not_clearly_better", "NOT CLEARLY BEAT POPULARITY"),
        ("not_better", "NOT BEAT POPULARITY"),
    ];
    for (verdict, words) in verdicts {
        let found = metrics.contains(&format!("\"verdict\": \"{verdict}\""));
        assert_eq!(said.contains(words), found, "{verdict}: {said}");
    }

    // The question at its end can be asked as it stands.
    let question = said.lines().find_map(|line| line.strip_prefix("ask "));
    let words: Vec<&str> = question.unwrap().split_whitespace().skip(1).collect();
    let answer = succeed(&words);
    assert!(answer.contains("because of"), "{answer}");
}

#[test]
fn a_customer_is_told_what_the_table_says_in_every_format() {
    let asked = Asked::after_a_run();
    let (user, listed) = asked.listed();
    let expected: Vec<String> = listed.iter().map(|row| row["product_id"].clone()).collect();
    assert_eq!(expected.len(), 10);

    let answer = asked.json("recommend", &["--user", &user]);
    assert_eq!(answer["source"]["kind"], "model");
    assert_eq!(answer["user_id"], user.as_str());
    assert_eq!(products(&answer), expected);
    let first = &answer["recommendations"][0];
    let score: f32 = listed[0]["score"].parse().unwrap();
    assert_eq!(first["score"].as_f64().unwrap() as f32, score);

    let csv = asked.text("recommend", &["--user", &user, "--format", "csv"]);
    assert!(csv.starts_with("user_id,source,rank,product_id,category,brand,price,score\n"));
    assert_eq!(products_of_csv(&csv), expected);

    let table = asked.text("recommend", &["--user", &user, "-n", "3"]);
    assert!(table.lines().next().unwrap().contains(&user), "{table}");
    for (place, product) in expected.iter().enumerate() {
        let shown = table.contains(&format!(" {product} "));
        assert_eq!(shown, place < 3, "{product}\n{table}");
    }

    // Reasons lie in the customer's own past.
    let seen = asked.seen(&user);
    let answer = asked.json("recommend", &["--user", &user, "--explain"]);
    let mut reasons = 0;
    for product in answer["recommendations"].as_array().unwrap() {
        let because = product["because"].as_array().unwrap();
        let share: f64 = because
            .iter()
            .map(|past| past["share"].as_f64().unwrap())
            .sum();
        assert!(share <= 1.0 + 1e-9, "{product}");
        for past in because {
            assert!(seen.contains(past["product_id"].as_str().unwrap()));
            reasons += 1;
        }
    }
    assert!(reasons > 0, "nothing speaks for anything: {answer}");
    let csv = asked.text(
        "recommend",
        &["--user", &user, "--explain", "--format", "csv"],
    );
    assert!(csv.lines().next().unwrap().ends_with(",score,because"));

    // What was seen comes back only when it is asked for.
    let all = asked.json("recommend", &["--user", &user, "-n", "300"]);
    assert!(products(&all).iter().all(|product| !seen.contains(product)));
    assert!(all["notice"].as_str().unwrap().contains("Only "), "{all}");
    let with_seen = ["--user", &user, "-n", "300", "--include-seen"];
    let with_seen = products(&asked.json("recommend", &with_seen));
    assert!(seen.iter().all(|product| with_seen.contains(product)));
}

#[test]
fn conditions_new_events_and_strangers_are_answered() {
    let asked = Asked::after_a_run();
    let (user, _) = asked.listed();
    let known = asked.table("products.parquet");
    let price = |row: &Row| row["unit_price"].parse::<f64>().unwrap_or(f64::INFINITY);
    let mut prices: Vec<f64> = known.iter().map(price).collect();
    prices.sort_by(f64::total_cmp);
    let limit = prices[prices.len() / 4];
    let cheap: BTreeSet<&str> = known
        .iter()
        .filter(|row| price(row) < limit)
        .map(|row| row["product_id"].as_str())
        .collect();
    let condition = format!("unit_price < {limit}");
    for user in [user.as_str(), STRANGER] {
        let answer = asked.json(
            "recommend",
            &["--user", user, "-n", "50", "--where", &condition],
        );
        let products = products(&answer);
        assert!(!products.is_empty());
        assert!(
            products.iter().all(|id| cheap.contains(id.as_str())),
            "{answer}"
        );
    }

    // A table of one's own, with what the log does not know.
    let in_stock = asked.run.parent().unwrap().join("stock.csv");
    let mut text = String::from("product_id,stock\n");
    for (place, row) in known.iter().enumerate() {
        writeln!(text, "{},{}", row["product_id"], place % 2).unwrap();
    }
    std::fs::write(&in_stock, text).unwrap();
    let stocked: BTreeSet<&str> = known
        .iter()
        .skip(1)
        .step_by(2)
        .map(|row| row["product_id"].as_str())
        .collect();
    let table = in_stock.to_str().unwrap();
    let of_stock = ["--where", "stock > 0", "--products", table];
    let answer = asked.json("recommend", &[&["--user", &user], &of_stock[..]].concat());
    let found = products(&answer);
    assert_eq!(found.len(), 10);
    assert!(found.iter().all(|id| stocked.contains(id.as_str())));

    // Products alike, with the same conditions.
    let product = &found[0];
    let answer = asked.json("similar", &["--product", product, "-n", "5"]);
    let alike = products(&answer);
    assert_eq!(alike.len(), 5);
    assert!(!alike.contains(product));
    let csv = asked.text(
        "similar",
        &["--product", product, "-n", "5", "--format", "csv"],
    );
    assert_eq!(products_of_csv(&csv), alike);
    let table = asked.text("similar", &["--product", product, "-n", "5"]);
    assert!(table.contains(alike[4].as_str()), "{table}");
    let answer = asked.json(
        "similar",
        &[&["--product", product], &of_stock[..]].concat(),
    );
    assert!(
        products(&answer)
            .iter()
            .all(|id| stocked.contains(id.as_str()))
    );

    // A stranger gets what is popular, and is told so; data stays data.
    let answer = asked.json("recommend", &["--user", STRANGER]);
    assert_eq!(answer["source"]["kind"], "popularity");
    assert_eq!(products(&answer).len(), 10);
    let csv = run(&asked.question("recommend", &["--user", STRANGER, "--format", "csv"]));
    let (said, noted) = (
        String::from_utf8(csv.stdout).unwrap(),
        String::from_utf8(csv.stderr).unwrap(),
    );
    assert!(csv.status.success());
    assert_eq!(products_of_csv(&said), products(&answer));
    assert!(
        noted.contains(STRANGER) && noted.contains("popular"),
        "{noted}"
    );
    let with_reasons = ["--user", STRANGER, "--explain", "--run", "latest"];
    let table = asked.text("recommend", &with_reasons);
    assert!(
        table.contains("most popular products of the shop"),
        "{table}"
    );

    // With a few events the stranger is known for one answer.
    let new = asked.run.parent().unwrap().join("new.csv");
    let text = format!(
        "event_time,event_type,user_id,product_id,order_id,quantity,unit_price\n\
         2026-01-01 10:00:00 UTC,purchase,{STRANGER},{product},1,1,5.00\n\
         2026-01-01 10:01:00 UTC,view,{STRANGER},{},,1,5.00\n\
         2026-01-01 10:02:00 UTC,view,{STRANGER},{STRANGER},,1,5.00\n",
        alike[0]
    );
    std::fs::write(&new, text).unwrap();
    let events = new.to_str().unwrap();
    let answer = asked.json(
        "recommend",
        &["--user", STRANGER, "--with-events", events, "--explain"],
    );
    assert_eq!(answer["source"]["kind"], "fold_in");
    assert_eq!(answer["source"]["products"], 2);
    assert_eq!(
        answer["source"]["unknown_products"],
        serde_json::json!([STRANGER])
    );
    let folded_in = products(&answer);
    assert!(!folded_in.contains(product) && !folded_in.contains(&alike[0]));
    let answer = asked.json(
        "recommend",
        &[
            "--user",
            &user,
            "--with-events",
            events,
            "--mapping",
            "events",
        ],
    );
    let notice = answer["notice"].as_str().unwrap();
    assert!(notice.contains(&format!("none of the customer {user}")));
    assert_eq!(answer["source"]["kind"], "model");
}

#[test]
fn questions_that_make_no_sense_say_why() {
    let asked = Asked::after_a_run();
    let (user, _) = asked.listed();
    let refused = |code, command, more: &[&str]| fail(code, &asked.question(command, more));
    let error = refused(3, "similar", &["--product", STRANGER]);
    assert!(
        error.contains(STRANGER) && error.contains("check the id"),
        "{error}"
    );
    let error = refused(3, "recommend", &["--user", &user, "--where", "colour = 1"]);
    assert!(
        error.contains("colour = 1") && error.contains("unit_price"),
        "{error}"
    );
    refused(2, "recommend", &["--user", &user, "-n", "0"]);
    let error = refused(
        2,
        "recommend",
        &["--user", &user, "--products", "stock.csv"],
    );
    assert!(error.contains("--where"), "{error}");
    let error = refused(2, "recommend", &["--user", &user, "--mapping", "events"]);
    assert!(error.contains("--with-events"), "{error}");
    let missing = ["--user", &user, "--with-events", "no/such/events.csv"];
    let error = refused(3, "recommend", &missing);
    assert!(error.contains("no/such/events.csv"), "{error}");
    let missing = ["--where", "true", "--products", "no/such/stock.csv"];
    let error = refused(3, "similar", &[&["--product", "1"], &missing[..]].concat());
    assert!(error.contains("no/such/stock.csv"), "{error}");
    let elsewhere = asked.run.join("charts");
    for command in [["recommend", "--user"], ["similar", "--product"]] {
        let [command, of] = command;
        let place = elsewhere.to_str().unwrap();
        let error = fail(2, &[command, "--output", place, of, "1"]);
        assert!(
            error.contains("no finished recommendation") && error.contains("jobs run"),
            "{error}"
        );
    }
}

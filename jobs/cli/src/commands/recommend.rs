//! `jobs recommend` and `jobs similar`: asking a finished recommendation run.

use artifacts::RunReader;
use data::EventsParams;
use engine::{Engine, EngineParams};
use pipeline::{Failure, FailureKind, Reporter};
use recommendation::serving::{
    self, AllowedProducts, Answer, NewPair, Recommended, Request, SimilarAnswer, SimilarProduct,
    Source,
};
use recommendation::{JOB, RecommendationModel};

use super::{App, finished_run, open_output};
use crate::args::{ListArgs, ListFormat, RecommendArgs, SimilarArgs};
use crate::output;

/// Prints the best products for a customer.
pub(super) async fn recommend(app: &App, args: RecommendArgs) -> Result<(), Failure> {
    let answer = app.or_cancelled(ask(&args)).await?;
    match args.list.format {
        ListFormat::Json => output::json(&answer),
        ListFormat::Csv => {
            say(app, answer.notice.as_deref());
            output::csv(&csv_rows(&answer, args.explain))
        }
        ListFormat::Table => print(&answer, args.explain),
    }
}

/// Prints the products most similar to one.
pub(super) async fn similar(app: &App, args: SimilarArgs) -> Result<(), Failure> {
    let answer = app.or_cancelled(ask_similar(&args)).await?;
    match args.list.format {
        ListFormat::Json => output::json(&answer),
        ListFormat::Csv => {
            say(app, answer.notice.as_deref());
            output::csv(&similar_csv_rows(&answer))
        }
        ListFormat::Table => print_similar(&answer),
    }
}

async fn ask(args: &RecommendArgs) -> Result<Answer, Failure> {
    let list = &args.list;
    let runs = open_output(&list.output)?;
    let run = finished_run(&runs, JOB, list.run.as_deref()).await?;
    let request = Request {
        user: args.user.clone(),
        n: list.n,
        include_seen: args.include_seen,
        explain: args.explain,
        allowed: allowed(&run, list).await?,
        new_events: new_events(&run, args).await?,
    };
    Ok(serving::recommend(&runs, &run, &request).await?)
}

async fn ask_similar(args: &SimilarArgs) -> Result<SimilarAnswer, Failure> {
    let list = &args.list;
    let runs = open_output(&list.output)?;
    let run = finished_run(&runs, JOB, list.run.as_deref()).await?;
    let allowed = allowed(&run, list).await?;
    Ok(serving::similar(&run, &args.product, list.n, allowed.as_ref()).await?)
}

/// The products that pass the condition; none when there is no condition. Without one no engine is
/// opened: a plain question is answered at once.
async fn allowed(run: &RunReader, list: &ListArgs) -> Result<Option<AllowedProducts>, Failure> {
    let Some(condition) = &list.predicate else {
        return Ok(None);
    };
    let engine = Engine::open(EngineParams::default()).await?;
    let products = list.products.as_deref();
    let allowed = serving::allowed_products(&engine, run, condition, products).await;
    engine.close().await;
    Ok(Some(allowed?))
}

/// What the customer did since the run; none when no events are given.
async fn new_events(
    run: &RunReader,
    args: &RecommendArgs,
) -> Result<Option<Vec<NewPair>>, Failure> {
    if args.with_events.is_empty() {
        return Ok(None);
    }
    let events = EventsParams {
        events: args.with_events.clone(),
        mapping: args.mapping.clone(),
        ..EventsParams::default()
    };
    let model = RecommendationModel::read(run).await?;
    let work = tempfile::Builder::new()
        .prefix("clientele-events-")
        .tempdir()
        .map_err(|error| Failure::new(FailureKind::Output, error))?;
    let work_url = work.path().to_string_lossy();
    let engine = Engine::open(EngineParams::default()).await?;
    let pairs = serving::new_events(&engine, &model, &events, &args.user, &work_url).await;
    engine.close().await;
    Ok(Some(pairs?))
}

/// A notice beside the data, on standard error.
fn say(app: &App, notice: Option<&str>) {
    if let Some(notice) = notice {
        app.reporter.note(notice);
    }
}

fn print(answer: &Answer, explain: bool) -> Result<(), Failure> {
    output::line(&format!(
        "for customer {}, {} (run {})",
        answer.user_id,
        in_words(&answer.source),
        answer.run_id
    ))?;
    if let Some(notice) = &answer.notice {
        output::line(notice)?;
    }
    // Popular products have a number of customers, and no reasons in this customer's past.
    let popular = matches!(
        answer.source,
        Source::Popularity | Source::SegmentPopularity { .. }
    );
    let explain = explain && !popular;
    let mut header = header(if popular { "customers" } else { "score" });
    if explain {
        header.push("because of");
    }
    let row = |found: &Recommended| {
        let score = match popular {
            true => output::count(found.score as u64),
            false => format!("{:.4}", found.score),
        };
        let mut row = Row::from(found).for_people(score);
        if explain {
            let reasons = found.because.iter();
            let reasons =
                reasons.map(|past| format!("{} ({:.0} %)", past.product_id, 100.0 * past.share));
            row.push(reasons.collect::<Vec<_>>().join(", "));
        }
        row
    };
    let rows: Vec<_> = answer.recommendations.iter().map(row).collect();
    print_table(&header, &rows)
}

/// What a list is made from.
fn in_words(source: &Source) -> String {
    match source {
        Source::Model => "from their own preferences".to_owned(),
        Source::FoldIn { products, .. } => {
            format!("from their events with {products} products, the new ones included")
        }
        Source::SegmentPopularity { segment } => format!("popular in the segment {segment}"),
        Source::Popularity => "popular in the shop".to_owned(),
    }
}

fn print_similar(answer: &SimilarAnswer) -> Result<(), Failure> {
    let price = answer.price.as_deref().map(output::price);
    let about = [answer.category.clone(), answer.brand.clone(), price];
    let about: Vec<String> = about.into_iter().flatten().collect();
    let about = match about.is_empty() {
        true => String::new(),
        false => format!(" ({})", about.join(", ")),
    };
    output::line(&format!(
        "like product {}{about}, by the customers they have in common (run {})",
        answer.product_id, answer.run_id
    ))?;
    if let Some(notice) = &answer.notice {
        output::line(notice)?;
    }
    let row = |found: &SimilarProduct| Row::from(found).for_people(format!("{:.4}", found.score));
    let rows: Vec<_> = answer.similar.iter().map(row).collect();
    print_table(&header("similarity"), &rows)
}

/// What both lists say of a product.
struct Row<'a> {
    rank: u32,
    product_id: &'a str,
    category: Option<&'a str>,
    brand: Option<&'a str>,
    price: Option<&'a str>,
    score: f64,
}

impl<'a> From<&'a Recommended> for Row<'a> {
    fn from(found: &'a Recommended) -> Self {
        Self {
            rank: found.rank,
            product_id: &found.product_id,
            category: found.category.as_deref(),
            brand: found.brand.as_deref(),
            price: found.price.as_deref(),
            score: found.score,
        }
    }
}

impl<'a> From<&'a SimilarProduct> for Row<'a> {
    fn from(found: &'a SimilarProduct) -> Self {
        Self {
            rank: found.rank,
            product_id: &found.product_id,
            category: found.category.as_deref(),
            brand: found.brand.as_deref(),
            price: found.price.as_deref(),
            score: found.score,
        }
    }
}

impl Row<'_> {
    /// The cells of a table.
    fn for_people(&self, score: String) -> Vec<String> {
        let price = self.price.map(output::price).unwrap_or_default();
        self.cells(price, score)
    }

    /// The cells of a CSV file: every digit of the numbers.
    fn for_programs(&self) -> Vec<String> {
        let price = self.price.unwrap_or_default().to_owned();
        self.cells(price, self.score.to_string())
    }

    fn cells(&self, price: String, score: String) -> Vec<String> {
        let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
        let (rank, product_id) = (self.rank.to_string(), self.product_id.to_owned());
        let (category, brand) = (text(self.category), text(self.brand));
        vec![rank, product_id, category, brand, price, score]
    }
}

/// The columns of numbers: rank, price and score.
const NUMBERS: [usize; 3] = [0, 4, 5];

fn header(score: &str) -> Vec<&str> {
    vec!["rank", "product", "category", "brand", "price", score]
}

/// Prints rows of products, without the columns that the log has nothing for.
fn print_table(header: &[&str], rows: &[Vec<String>]) -> Result<(), Failure> {
    let filled = |column: &usize| rows.iter().any(|row| !row[*column].is_empty());
    let columns: Vec<usize> = (0..header.len()).filter(filled).collect();
    if columns.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = columns.iter().map(|&column| header[column]).collect();
    let mut table = output::table(&names);
    for row in rows {
        table.add_row(columns.iter().map(|&column| &row[column]));
    }
    let numbers = columns.iter().enumerate();
    let numbers = numbers.filter(|(_, column)| NUMBERS.contains(column));
    let numbers: Vec<usize> = numbers.map(|(place, _)| place).collect();
    output::right_align(&mut table, &numbers);
    output::line(&table.to_string())
}

const CSV_HEADER: [&str; 6] = ["rank", "product_id", "category", "brand", "price", "score"];

/// The list with the customer and what it is made from; reasons as `product:share`, parted by
/// semicolons.
fn csv_rows(answer: &Answer, explain: bool) -> Vec<Vec<String>> {
    let mut header = vec!["user_id", "source"];
    header.extend(CSV_HEADER);
    header.extend(explain.then_some("because"));
    let row = |found: &Recommended| {
        let mut row = vec![answer.user_id.clone(), answer.source.name().to_owned()];
        row.extend(Row::from(found).for_programs());
        if explain {
            let reasons = found.because.iter();
            let reasons = reasons.map(|past| format!("{}:{:.4}", past.product_id, past.share));
            row.push(reasons.collect::<Vec<_>>().join(";"));
        }
        row
    };
    let rows = answer.recommendations.iter().map(row);
    std::iter::once(owned(&header)).chain(rows).collect()
}

fn similar_csv_rows(answer: &SimilarAnswer) -> Vec<Vec<String>> {
    let rows = answer.similar.iter();
    let rows = rows.map(|found| Row::from(found).for_programs());
    std::iter::once(owned(&CSV_HEADER)).chain(rows).collect()
}

fn owned(cells: &[&str]) -> Vec<String> {
    cells.iter().map(|&cell| cell.to_owned()).collect()
}

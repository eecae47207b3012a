//! `jobs recommend` and `jobs similar`: asking a finished recommendation run.

use artifacts::{Output, RunReader};
use data::EventsParams;
use engine::Mode;
use pipeline::Failure;
use recommendation::RecommendationModel;
use recommendation::serving::{
    AllowedProducts, Answer, NewPair, Recommended, Request, SimilarAnswer, allowed_products,
    new_events, recommend as ask, similar as ask_similar,
};

use super::{App, open_engine, open_output};
use crate::args::{ListArgs, ListFormat, RecommendArgs, SimilarArgs};
use crate::output;

const JOB: &str = "recommendation";

/// Prints the best products for a customer.
pub(super) async fn recommend(app: &App, args: RecommendArgs) -> Result<(), Failure> {
    let list = &args.list;
    let runs = open_output(&list.output)?;
    let run = find(&runs, list).await?;
    let request = Request {
        allowed: allowed(app, &run, list).await?,
        new_events: happened(app, &run, &args).await?,
        user: args.user.clone(),
        n: list.n,
        include_seen: args.include_seen,
        explain: args.explain,
    };
    let answer = ask(&runs, &run, &request).await?;
    match list.format {
        ListFormat::Json => output::json(&answer),
        ListFormat::Csv => {
            say(answer.notice.as_deref());
            output::csv(&csv_rows(&answer))
        }
        ListFormat::Table => print(&answer, args.explain),
    }
}

/// Prints the products most similar to one.
pub(super) async fn similar(app: &App, args: SimilarArgs) -> Result<(), Failure> {
    let list = &args.list;
    let runs = open_output(&list.output)?;
    let run = find(&runs, list).await?;
    let allowed = allowed(app, &run, list).await?;
    let answer = ask_similar(&run, &args.product, list.n, allowed.as_ref()).await?;
    let rows = similar_rows(&answer);
    match list.format {
        ListFormat::Json => output::json(&answer),
        ListFormat::Csv => {
            say(answer.notice.as_deref());
            output::csv(&rows)
        }
        ListFormat::Table => {
            if let Some(notice) = &answer.notice {
                output::line(notice)?;
            }
            print_table(&rows)
        }
    }
}

async fn find(runs: &Output, list: &ListArgs) -> Result<RunReader, Failure> {
    let output = &list.output;
    match &list.run {
        Some(run_id) => Ok(runs.open(JOB, run_id).await?),
        None => runs.latest(JOB).await?.ok_or_else(|| {
            Failure::usage(format!(
                "there is no finished recommendation in {output}; make one with `jobs run \
                 recommendation --output {output}`, or check the path"
            ))
        }),
    }
}

/// The products that pass the filter; none when there is no filter.
async fn allowed(
    app: &App,
    run: &RunReader,
    list: &ListArgs,
) -> Result<Option<AllowedProducts>, Failure> {
    let Some(condition) = &list.predicate else {
        return Ok(None);
    };
    let engine = open_engine(Mode::Embedded, None, None, None).await?;
    let asked = allowed_products(&engine, run, condition, list.products.as_deref());
    let allowed = tokio::select! {
        allowed = asked => allowed.map_err(Failure::from),
        () = app.cancel.cancelled() => Err(app.cancelled()),
    };
    engine.close().await;
    allowed.map(Some)
}

/// What the customer did since the run; none when no events are given.
async fn happened(
    app: &App,
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
    let work = tempfile::tempdir().map_err(Failure::internal)?;
    let work_url = work.path().to_string_lossy().into_owned();
    let engine = open_engine(Mode::Embedded, None, None, None).await?;
    let asked = new_events(&engine, &model, &events, &args.user, &work_url);
    let found = tokio::select! {
        found = asked => found.map_err(Failure::from),
        () = app.cancel.cancelled() => Err(app.cancelled()),
    };
    engine.close().await;
    found.map(Some)
}

/// A notice beside the data, on standard error.
fn say(notice: Option<&str>) {
    if let Some(notice) = notice {
        output::note(notice);
    }
}

fn print(answer: &Answer, explain: bool) -> Result<(), Failure> {
    if let Some(notice) = &answer.notice {
        output::line(notice)?;
    }
    let mut rows = list_rows(&answer.recommendations);
    if explain {
        rows[0].push("because of".to_owned());
        for (row, recommended) in rows[1..].iter_mut().zip(&answer.recommendations) {
            row.push(because(recommended));
        }
    }
    print_table(&rows)
}

/// A header and a row per product.
fn list_rows(list: &[Recommended]) -> Vec<Vec<String>> {
    let header = ["rank", "product", "category", "brand", "price", "score"];
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let row = |found: &Recommended| {
        vec![
            found.rank.to_string(),
            found.product_id.clone(),
            text(&found.category),
            text(&found.brand),
            text(&found.price),
            score(found.score),
        ]
    };
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    rows.extend(list.iter().map(row));
    rows
}

fn similar_rows(answer: &SimilarAnswer) -> Vec<Vec<String>> {
    let header = [
        "rank",
        "product",
        "category",
        "brand",
        "price",
        "similarity",
    ];
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    rows.extend(answer.similar.iter().map(|found| {
        vec![
            found.rank.to_string(),
            found.product_id.clone(),
            text(&found.category),
            text(&found.brand),
            text(&found.price),
            score(found.score),
        ]
    }));
    rows
}

/// The rows of a table with the customer and what the list is made from.
fn csv_rows(answer: &Answer) -> Vec<Vec<String>> {
    let mut rows = list_rows(&answer.recommendations);
    for (place, row) in rows.iter_mut().enumerate() {
        let cells = match place {
            0 => ["user_id".to_owned(), "source".to_owned()],
            _ => [answer.user_id.clone(), answer.source.name().to_owned()],
        };
        row.splice(0..0, cells);
    }
    rows
}

fn because(recommended: &Recommended) -> String {
    let reason = |reason: &recommendation::serving::Because| {
        format!("{} ({:.0} %)", reason.product_id, 100.0 * reason.share)
    };
    let reasons: Vec<String> = recommended.because.iter().map(reason).collect();
    reasons.join(", ")
}

/// Whole numbers are counts of customers.
fn score(score: f64) -> String {
    if score.fract() == 0.0 && score.abs() >= 1.0 {
        format!("{score:.0}")
    } else {
        format!("{score:.4}")
    }
}

fn print_table(rows: &[Vec<String>]) -> Result<(), Failure> {
    let Some((header, rows)) = rows.split_first() else {
        return Ok(());
    };
    if rows.is_empty() {
        return Ok(());
    }
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    let mut table = output::table(&header);
    for row in rows {
        table.add_row(row);
    }
    output::right_align(&mut table, &[0, 4, 5]);
    output::line(&table.to_string())
}

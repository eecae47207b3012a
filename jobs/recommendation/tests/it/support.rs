//! One recommendation run in a folder of its own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::util::display::array_value_to_string;
use artifacts::{Output, RunReader};
use data::EventsParams;
use engine::{Engine, EngineParams, Mode};
use pipeline::{CancellationToken, Failure, Frame, SilentReporter, run_job};
use recommendation::{DEFAULT_SETTINGS, Outcome, Recommendation, RecommendationSettings};
use tempfile::TempDir;

/// What to run.
pub(crate) struct Shop {
    /// Holds the events and the runs.
    pub(crate) folder: Arc<TempDir>,
    pub(crate) events: EventsParams,
    pub(crate) settings: RecommendationSettings,
    pub(crate) as_of: Option<&'static str>,
    pub(crate) threads: usize,
    pub(crate) mode: Mode,
}

impl Shop {
    /// Events in their own columns, written as CSV; a grid of one small setting, two folds.
    pub(crate) fn of_csv(csv: &str) -> Self {
        let folder = Arc::new(TempDir::new().unwrap());
        let file = folder.path().join("events.csv");
        std::fs::write(&file, csv).unwrap();
        Self::of_files(folder, &file, "events")
    }

    /// Events that lie elsewhere.
    pub(crate) fn of_files(folder: Arc<TempDir>, files: &Path, mapping: &str) -> Self {
        let events = EventsParams {
            events: vec![files.to_str().unwrap().to_owned()],
            mapping: Some(mapping.to_owned()),
            ..EventsParams::default()
        };
        Self {
            folder,
            events,
            settings: quick_settings(),
            as_of: None,
            threads: 2,
            mode: Mode::Embedded,
        }
    }

    pub(crate) fn output(&self) -> Output {
        Output::local(self.folder.path().join("out")).unwrap()
    }

    /// Runs the job; the run is the newest of the output.
    pub(crate) async fn try_run(&self) -> Result<Run, Failure> {
        let params = EngineParams {
            threads: Some(self.threads),
            mode: self.mode.clone(),
            ..EngineParams::default()
        };
        let engine = Engine::open(params).await?;
        let frame = Frame {
            engine: engine.clone(),
            output: self.output(),
            started: "2026-01-01T00:00:00Z".parse().unwrap(),
            input: self.events.events.join(" "),
            parameters: serde_json::to_value(&self.settings).unwrap(),
            seed: 42,
            as_of: self.as_of.map(|as_of| as_of.parse().unwrap()),
            versions: BTreeMap::new(),
            reporter: Arc::new(SilentReporter),
            cancel: CancellationToken::new(),
        };
        let (events, settings) = (self.events.clone(), self.settings.clone());
        let finished = run_job(Recommendation { events, settings }, frame).await;
        engine.close().await;
        let finished = finished?;
        let id = finished.run.manifest.run_id.to_string();
        let reader = self.output().open("recommendation", &id).await?;
        Ok(Run {
            outcome: finished.outcome,
            reader,
            _folder: Arc::clone(&self.folder),
        })
    }

    pub(crate) async fn run(&self) -> Run {
        self.try_run()
            .await
            .unwrap_or_else(|failure| panic!("{}", failure.paragraph()))
    }

    pub(crate) async fn failure(&self) -> Failure {
        match self.try_run().await {
            Ok(_) => panic!("the run succeeded"),
            Err(failure) => failure,
        }
    }
}

/// A finished run.
pub(crate) struct Run {
    pub(crate) outcome: Arc<Outcome>,
    pub(crate) reader: RunReader,
    /// The run lies in it.
    _folder: Arc<TempDir>,
}

/// The cells of a row by column; null is the empty text.
pub(crate) type Row = BTreeMap<String, String>;

impl Run {
    pub(crate) async fn bytes(&self, file: &str) -> Vec<u8> {
        self.reader.read_bytes(file).await.unwrap().to_vec()
    }

    pub(crate) async fn text(&self, file: &str) -> String {
        String::from_utf8(self.bytes(file).await).unwrap()
    }

    pub(crate) async fn rows(&self, file: &str) -> Vec<Row> {
        let (_, batches) = self.reader.read_table(file).await.unwrap();
        batches.iter().flat_map(rows).collect()
    }
}

pub(crate) fn rows(batch: &RecordBatch) -> Vec<Row> {
    let schema = batch.schema();
    let row = |place: usize| {
        let cells = schema.fields().iter().zip(batch.columns());
        cells
            .map(|(field, column)| {
                let text = array_value_to_string(column, place).unwrap();
                (field.name().clone(), text)
            })
            .collect()
    };
    (0..batch.num_rows()).map(row).collect()
}

pub(crate) fn quick_settings() -> RecommendationSettings {
    let mut settings: RecommendationSettings = toml::from_str(DEFAULT_SETTINGS).unwrap();
    settings.folds = 2;
    settings.implicit.factors = vec![4];
    settings.implicit.regularization = vec![0.1];
    settings.implicit.alpha = vec![5.0];
    settings.explicit.factors = vec![4];
    settings.explicit.regularization = vec![0.1];
    settings.bootstrap_samples = 100;
    settings.top_n = 5;
    settings
}

pub(crate) const HEADER: &str =
    "event_time,event_type,user_id,product_id,order_id,quantity,unit_price,category_code,brand";

/// A shop of two tastes: users 1 to 40 look at and buy from products 100 to 119, users 41 to 80 from
/// 200 to 219, each a dozen of them over January 2024, in an order of their own.
pub(crate) fn two_tastes() -> String {
    let mut csv = format!("{HEADER}\n");
    for user in 1..=80_u32 {
        let base = if user <= 40 { 100 } else { 200 };
        for step in 0..12_u32 {
            let draw = user.wrapping_mul(73_856_093) ^ (step + 1).wrapping_mul(19_349_663);
            let product = base + (draw >> 7) % 20;
            let (day, hour) = (1 + (step * 5 + user) % 28, (user + step) % 24);
            let at = format!("2024-01-{day:02} {hour:02}:00:00 UTC");
            let about = format!(
                "s{user}-{day},1,{}.50,cat{base},b{}",
                product % 7,
                product % 3
            );
            csv.push_str(&format!("{at},view,{user},{product},{about}\n"));
            if (user + step) % 3 == 0 {
                csv.push_str(&format!("{at},purchase,{user},{product},{about}\n"));
            }
        }
    }
    csv
}

/// A folder of the real datasets; none, with a word about it, when they are not here.
pub(crate) fn dataset(name: &str) -> Option<PathBuf> {
    let found = std::env::var_os("CLIENTELE_DATASETS")
        .map(PathBuf::from)
        .or_else(|| {
            let own = Path::new(env!("CARGO_MANIFEST_DIR"));
            let root = own
                .ancestors()
                .find(|folder| folder.join("Cargo.lock").exists())?;
            Some(root.join("../shared/datasets"))
        });
    let folder = found
        .map(|datasets| datasets.join(name))
        .filter(|folder| folder.exists());
    if folder.is_none() {
        std::io::Write::write_all(
            &mut std::io::stderr(),
            format!("skipped: no dataset {name}; set CLIENTELE_DATASETS\n").as_bytes(),
        )
        .unwrap();
    }
    folder
}

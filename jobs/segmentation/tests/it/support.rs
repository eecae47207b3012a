//! One segmentation in a folder of its own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, RecordBatch};
use arrow::util::display::array_value_to_string;
use artifacts::{Output, RunReader};
use data::EventsParams;
use engine::{Engine, EngineParams};
use pipeline::{CancellationToken, Failure, Frame, SilentReporter, run_job};
use segmentation::{DEFAULT_SETTINGS, Outcome, Segmentation, SegmentationSettings};
use tempfile::TempDir;

/// What to run.
pub(crate) struct Shop {
    /// Holds the events and the runs.
    pub(crate) folder: Arc<TempDir>,
    pub(crate) events: EventsParams,
    pub(crate) settings: SegmentationSettings,
    pub(crate) as_of: Option<&'static str>,
    pub(crate) threads: usize,
}

impl Shop {
    /// Events in their own columns, written as CSV; quick settings: k 2..3, one start, no stability.
    pub(crate) fn of_csv(csv: &str) -> Self {
        let folder = Arc::new(TempDir::new().unwrap());
        let file = folder.path().join("events.csv");
        std::fs::write(&file, csv).unwrap();
        let events = EventsParams {
            events: vec![file.to_str().unwrap().to_owned()],
            mapping: Some("events".to_owned()),
            ..EventsParams::default()
        };
        Self {
            folder,
            events,
            settings: quick_settings(),
            as_of: None,
            threads: 2,
        }
    }

    /// Events that lie elsewhere.
    pub(crate) fn of_files(files: &Path, mapping: &str) -> Self {
        let events = EventsParams {
            events: vec![files.to_str().unwrap().to_owned()],
            mapping: Some(mapping.to_owned()),
            ..EventsParams::default()
        };
        let folder = Arc::new(TempDir::new().unwrap());
        Self {
            folder,
            events,
            settings: quick_settings(),
            as_of: None,
            threads: 2,
        }
    }

    pub(crate) fn output(&self) -> Output {
        Output::local(self.folder.path().join("out")).unwrap()
    }

    /// Runs the job; the run is the newest of the output.
    pub(crate) async fn try_run(&self) -> Result<Run, Failure> {
        let params = EngineParams {
            threads: Some(self.threads),
            ..EngineParams::default()
        };
        let engine = Engine::open(params).await?;
        let frame = Frame {
            engine,
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
        let finished = run_job(Segmentation { events, settings }, frame).await?;
        let id = finished.run.manifest.run_id.to_string();
        let reader = self.output().open("segmentation", &id).await?;
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
}

/// A finished run.
pub(crate) struct Run {
    pub(crate) outcome: Arc<Outcome>,
    pub(crate) reader: RunReader,
    /// The run lies in it.
    _folder: Arc<TempDir>,
}

impl Run {
    pub(crate) async fn bytes(&self, file: &str) -> Vec<u8> {
        self.reader.read_bytes(file).await.unwrap().to_vec()
    }

    pub(crate) async fn text(&self, file: &str) -> String {
        String::from_utf8(self.bytes(file).await).unwrap()
    }

    /// `customers.parquet` by user and column; null is the empty text.
    pub(crate) async fn customers(&self) -> BTreeMap<String, BTreeMap<String, String>> {
        let (_, batches) = self.reader.read_table("customers.parquet").await.unwrap();
        let mut rows = BTreeMap::new();
        for batch in &batches {
            for row in 0..batch.num_rows() {
                let cells = cells(batch, row);
                rows.insert(cells["user_id"].clone(), cells);
            }
        }
        rows
    }
}

fn cells(batch: &RecordBatch, row: usize) -> BTreeMap<String, String> {
    let cell = |(column, name): (&Arc<dyn Array>, &str)| {
        (name.to_owned(), array_value_to_string(column, row).unwrap())
    };
    let names = batch
        .schema_ref()
        .fields()
        .iter()
        .map(|field| field.name().as_str());
    batch.columns().iter().zip(names).map(cell).collect()
}

pub(crate) fn quick_settings() -> SegmentationSettings {
    let mut settings: SegmentationSettings = toml::from_str(DEFAULT_SETTINGS).unwrap();
    settings.k = "2..3".parse().unwrap();
    settings.n_init = 1;
    settings.stability_samples = 0;
    settings
}

/// A shop of 60 users: 1 to 12 only look; user `i` of the others orders `1 + i % 6` times, the last
/// time on day `28 - i % 20` of January 2024 and a week apart, for `5 · (1 + i % 9)` each; every
/// tenth of them sends one unit back.
pub(crate) fn sixty_users() -> String {
    let mut csv = String::from(
        "event_time,event_type,user_id,product_id,order_id,quantity,unit_price,category_code,brand\n",
    );
    let first: chrono::NaiveDate = "2023-11-01".parse().unwrap();
    for user in 1..=60_i64 {
        let mut line = |day: i64, kind: &str, order: &str, price: i64| {
            let day = first + chrono::Duration::days(day);
            let product = 100 + user % 8;
            csv.push_str(&format!(
                "{day} 10:00:00 UTC,{kind},{user},{product},{order},1,{price}.50,cat{},b{}\n",
                product % 3,
                product % 2
            ));
        };
        for view in 0..=user % 7 {
            line(60 + view, "view", &format!("v{user}-{view}"), 1);
        }
        if user <= 12 {
            continue;
        }
        let price = 5 * (1 + user % 9);
        for order in 0..=user % 6 {
            let (day, id) = (88 - user % 20 - 7 * order, format!("o{user}-{order}"));
            line(day, "cart", &id, price);
            line(day, "purchase", &id, price);
        }
        if user % 10 == 0 {
            line(89, "return", &format!("r{user}"), price);
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

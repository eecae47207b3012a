//! Files of events, and the folder they appear in all at once.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use arrow::datatypes::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use super::calendar::{DAY, DAYS, date};
use super::error::SimulateError;
use super::schedule::Shop;
use super::table::{Row, batch};

/// Where files are written before they are complete.
const PARTIAL: &str = ".events-partial";
/// Rows laid out as columns at a time.
const ROWS_PER_BATCH: usize = 65_536;

/// The kind of files a shop is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FileFormat {
    /// Apache Parquet, Snappy-compressed, one row group per file.
    Parquet,
    /// Comma-separated text with a header line per file; times as `2025-10-01 00:00:00 UTC`,
    /// prices with two decimals, nothing for a missing value.
    Csv,
}

impl FileFormat {
    fn extension(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Csv => "csv",
        }
    }
}

/// The folder a shop is written into. Files appear in it only by [`OutputFolder::publish`]; dropped
/// before that, it leaves the folder as it was.
#[derive(Debug)]
pub(super) struct OutputFolder {
    folder: PathBuf,
    partial: PathBuf,
    made: bool,
}

impl OutputFolder {
    /// Makes sure that the folder may be used, and makes it when it is missing.
    pub(super) fn open(folder: &Path) -> Result<Self, SimulateError> {
        let made = match fs::metadata(folder) {
            Ok(found) if !found.is_dir() => {
                return Err(SimulateError::NotAFolder {
                    path: folder.to_owned(),
                });
            }
            Ok(_) => false,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::create_dir_all(folder).map_err(failed("create", folder))?;
                true
            }
            Err(error) => return Err(failed("read", folder)(error)),
        };
        let partial = folder.join(PARTIAL);
        if let Some(found) = entries(folder)?.into_iter().find(|name| !is_ours(name)) {
            return Err(SimulateError::ForeignFiles {
                path: folder.to_owned(),
                found,
            });
        }
        // What an interrupted simulation left behind is nobody's any more.
        if partial.exists() {
            fs::remove_dir_all(&partial).map_err(failed("remove", &partial))?;
        }
        let output = Self {
            folder: folder.to_owned(),
            partial,
            made,
        };
        fs::create_dir(&output.partial).map_err(failed("create", &output.partial))?;
        Ok(output)
    }

    /// The path a file is written at, not yet visible to readers of the folder.
    pub(super) fn path(&self, index: usize, format: FileFormat) -> PathBuf {
        self.partial
            .join(format!("events-{index:05}.{}", format.extension()))
    }

    /// Moves the complete files into the folder in place of an earlier shop's. Every file is whole
    /// at any instant; only a crash between two renames can leave a part of them.
    pub(super) fn publish(mut self) -> Result<(), SimulateError> {
        for name in entries(&self.folder)? {
            let path = self.folder.join(&name);
            if path != self.partial && is_ours(&name) {
                fs::remove_file(&path).map_err(failed("replace", &path))?;
            }
        }
        self.made = false;
        for name in entries(&self.partial)? {
            let path = self.folder.join(&name);
            fs::rename(self.partial.join(&name), &path).map_err(failed("write", &path))?;
        }
        Ok(())
    }
}

impl Drop for OutputFolder {
    fn drop(&mut self) {
        // The error that ended the simulation matters more than one met while tidying up.
        let _ = fs::remove_dir_all(&self.partial);
        if self.made {
            let _ = fs::remove_dir(&self.folder);
        }
    }
}

/// Names in a folder, sorted.
fn entries(folder: &Path) -> Result<Vec<String>, SimulateError> {
    let read = || -> io::Result<Vec<String>> {
        let mut names = fs::read_dir(folder)?
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect::<io::Result<Vec<_>>>()?;
        names.sort();
        Ok(names)
    };
    read().map_err(failed("read", folder))
}

fn is_ours(name: &str) -> bool {
    let number = name.strip_prefix("events-").and_then(|rest| {
        rest.strip_suffix(".parquet")
            .or_else(|| rest.strip_suffix(".csv"))
    });
    name == PARTIAL
        || number.is_some_and(|n| n.len() >= 5 && n.bytes().all(|byte| byte.is_ascii_digit()))
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SimulateError {
    let path = path.to_owned();
    move |source| SimulateError::Output {
        action,
        path,
        source,
    }
}

/// Writes one file and returns its size in bytes.
pub(super) fn write(
    shop: &Shop,
    schema: &SchemaRef,
    rows: &[Row],
    format: FileFormat,
    path: &Path,
) -> Result<u64, SimulateError> {
    let file = File::create_new(path).map_err(failed("create", path))?;
    match format {
        FileFormat::Parquet => write_parquet(shop, schema, rows, file, path)?,
        FileFormat::Csv => write_csv(shop, schema, rows, file).map_err(failed("write", path))?,
    }
    Ok(fs::metadata(path).map_err(failed("read", path))?.len())
}

fn write_parquet(
    shop: &Shop,
    schema: &SchemaRef,
    rows: &[Row],
    file: File,
    path: &Path,
) -> Result<(), SimulateError> {
    let parquet = |source| SimulateError::Parquet {
        path: path.to_owned(),
        source,
    };
    // Times and order numbers grow along the file, so their differences are small.
    let growing = ["event_time", "order_id"].map(ColumnPath::from);
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_statistics_enabled(EnabledStatistics::Chunk);
    for column in growing {
        properties = properties
            .set_column_dictionary_enabled(column.clone(), false)
            .set_column_encoding(column, Encoding::DELTA_BINARY_PACKED);
    }
    let file = BufWriter::with_capacity(1 << 20, file);
    let mut writer =
        ArrowWriter::try_new(file, schema.clone(), Some(properties.build())).map_err(parquet)?;
    for rows in rows.chunks(ROWS_PER_BATCH) {
        writer.write(&batch(shop, schema, rows)?).map_err(parquet)?;
    }
    let file = writer.into_inner().map_err(parquet)?;
    file.into_inner()
        .map_err(|error| failed("write", path)(error.into_error()))?;
    Ok(())
}

fn write_csv(shop: &Shop, schema: &SchemaRef, rows: &[Row], file: File) -> io::Result<()> {
    let dates: Vec<String> = (0..DAYS).map(|day| date(day).to_string()).collect();
    let mut file = BufWriter::with_capacity(1 << 20, file);
    let names: Vec<&str> = schema
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .collect();
    writeln!(file, "{}", names.join(","))?;
    let mut line = String::with_capacity(256);
    for row in rows {
        line.clear();
        // Neither names of categories nor of brands hold a comma, a quote or a line end.
        writeln!(
            line,
            "{} {:02}:{:02}:{:02} UTC,{},{},{},{},{},{}.{:02},{},{},{}",
            dates[(row.time / DAY) as usize],
            row.time % DAY / 3600,
            row.time % 3600 / 60,
            row.time % 60,
            row.event_type.name(),
            row.user_id(),
            shop.catalogue.product_id(row.product),
            row.order,
            row.quantity,
            row.cents / 100,
            row.cents % 100,
            shop.catalogue.category_id(row.product),
            shop.catalogue
                .category_of(row.product)
                .code
                .unwrap_or_default(),
            shop.catalogue.brand(row.product).unwrap_or_default(),
        )
        .map_err(io::Error::other)?;
        file.write_all(line.as_bytes())?;
    }
    file.flush()
}

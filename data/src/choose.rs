//! Which mapping reads which files.

use engine::source::SourceTable;

use crate::error::DataError;
use crate::files::{Found, discover, newest, single};
use crate::mapping::{BUILT_IN_MAPPINGS, CANONICAL, Expression, Mapping};
use crate::stage::EventsParams;

/// The files and the mapping that goes with them.
#[derive(Debug)]
pub(crate) struct Chosen {
    pub mapping: Mapping,
    pub files: Vec<Found>,
    pub table: SourceTable,
    /// The catalogue, when the mapping joins one.
    pub catalogue: Option<(Found, SourceTable)>,
}

impl Chosen {
    /// Finds the files, and the mapping if none is named.
    pub(crate) async fn find(params: &EventsParams) -> Result<Self, DataError> {
        let found = discover(&params.events).await?;
        let mapping = match &params.mapping {
            Some(name) => Mapping::load(name)?,
            None => detect(&found).await?,
        };
        let mut files = without_catalogue(&mapping, found.clone());
        if files.is_empty() {
            return Err(DataError::NotFound {
                looked_for: params.events.join(", "),
                detail: format!(
                    "only the catalogue of the mapping {} is there; name the events as well",
                    mapping.name
                ),
            });
        }
        if params.latest {
            files = newest(files);
        }
        let inputs: Vec<_> = files.iter().map(Found::input).collect();
        let table = SourceTable::open(&inputs, &mapping.options()?).await?;
        let catalogue = match find_catalogue(&mapping, &files).await? {
            Some(found) => {
                let table = SourceTable::open(&[found.input()], &Default::default()).await?;
                Some((found, table))
            }
            None => None,
        };
        if let (Some(section), None) = (&mapping.catalogue, &catalogue) {
            return Err(DataError::NotFound {
                looked_for: format!("the catalogue {}", section.file),
                detail: format!(
                    "the mapping {} joins it to every event, and it lies neither beside {} nor \
                     under that name; put it there, or give its path in the [catalogue] of a \
                     mapping of your own",
                    mapping.name, files[0].url
                ),
            });
        }
        Ok(Self {
            mapping,
            files,
            table,
            catalogue,
        })
    }
}

/// The events without the mapping's catalogue, which often lies among them.
fn without_catalogue(mapping: &Mapping, mut files: Vec<Found>) -> Vec<Found> {
    if let Some(section) = &mapping.catalogue {
        let name = section.file.rsplit('/').next().unwrap_or(&section.file);
        files.retain(|file| file.name() != name);
    }
    files
}

/// The mapping's catalogue: beside the events, or where its path or URL says.
async fn find_catalogue(mapping: &Mapping, files: &[Found]) -> Result<Option<Found>, DataError> {
    let Some(section) = &mapping.catalogue else {
        return Ok(None);
    };
    if section.file.contains('/') {
        return single(&section.file).await;
    }
    let Some(first) = files.first() else {
        return Ok(None);
    };
    let folder = &first.url[..first.url.len() - first.name().len()];
    single(&format!("{folder}{}", section.file)).await
}

/// The built-in mapping whose source columns the first file has; of several the one that knows
/// most of them.
async fn detect(found: &[Found]) -> Result<Mapping, DataError> {
    let mut best: Option<(usize, Mapping)> = None;
    let mut tried = Vec::new();
    let mut seen: Option<(String, Vec<String>)> = None;
    for (name, text) in BUILT_IN_MAPPINGS {
        let mapping = Mapping::parse(name, text)?;
        let files = without_catalogue(&mapping, found.to_vec());
        let Some(first) = files.iter().find(|file| file.size > 0).or(files.first()) else {
            continue;
        };
        let table = SourceTable::open(&[first.input()], &mapping.options()?).await?;
        let columns: Vec<String> = table
            .columns()
            .iter()
            .map(|field| field.name().clone())
            .collect();
        let mut needed: Vec<String> = CANONICAL
            .iter()
            .filter_map(|(column, _)| mapping.columns.get(column))
            .flat_map(|expression| Expression::names(expression).unwrap_or_default())
            .collect();
        needed.sort_unstable();
        needed.dedup();
        let missing: Vec<&str> = needed
            .iter()
            .filter(|name| !columns.contains(name))
            .map(String::as_str)
            .collect();
        if missing.is_empty() {
            if find_catalogue(&mapping, &files).await?.is_none() && mapping.catalogue.is_some() {
                tried.push(format!("{name} (its catalogue is not beside the file)"));
            } else if best.as_ref().is_none_or(|(known, _)| needed.len() > *known) {
                best = Some((needed.len(), mapping));
            }
        } else {
            tried.push(format!("{name} (misses {})", missing.join(", ")));
        }
        seen.get_or_insert((first.url.clone(), columns));
    }
    best.map(|(_, mapping)| mapping).ok_or_else(|| {
        let (file, columns) = seen.unwrap_or_default();
        DataError::NoMapping {
            file,
            columns: columns.join(", "),
            tried: tried.join(", "),
        }
    })
}

//! Times single kernels on matrices in files, for the comparisons of `bench/`.
//!
//! ```sh
//! cargo run --release -p algorithms --example kernels -- KERNEL [name=value]…
//! ```
//!
//! Matrices are `.npy` files, so that other programs can read the same ones. Each kernel prints one
//! line of JSON: seconds, and how good the result is. What a kernel needs stands at its function.

mod clock;
mod clusters;
mod factors;
mod npy;

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write;
use std::str::FromStr;

type Outcome = Result<serde_json::Value, Box<dyn Error>>;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let kernel = arguments.next().ok_or("name a kernel")?;
    let settings = Settings::read(arguments)?;
    rayon::ThreadPoolBuilder::new()
        .num_threads(settings.number("threads")?)
        .build_global()?;
    let outcome = match kernel.as_str() {
        "kmeans" => clusters::kmeans(&settings),
        "linfa-kmeans" => clusters::linfa_kmeans(&settings),
        "silhouette" => clusters::silhouette(&settings),
        "choose-k" => clusters::choose_k(&settings),
        "als" => factors::als(&settings),
        "top-n" => factors::top_n(&settings),
        other => Err(format!("no kernel {other}").into()),
    }?;
    writeln!(std::io::stdout().lock(), "{outcome}")?;
    Ok(())
}

/// `name=value` arguments.
struct Settings(BTreeMap<String, String>);

impl Settings {
    fn read(arguments: impl Iterator<Item = String>) -> Result<Self, Box<dyn Error>> {
        let pair = |argument: String| match argument.split_once('=') {
            Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
            None => Err(format!("{argument} is not name=value").into()),
        };
        arguments
            .map(pair)
            .collect::<Result<_, Box<dyn Error>>>()
            .map(Self)
    }

    fn text(&self, name: &str) -> Result<&str, Box<dyn Error>> {
        let value = self.0.get(name).map(String::as_str);
        value.ok_or_else(|| format!("{name}= is missing").into())
    }

    fn number<T>(&self, name: &str) -> Result<T, Box<dyn Error>>
    where
        T: FromStr,
        T::Err: Error + 'static,
    {
        Ok(self.text(name)?.parse()?)
    }
}

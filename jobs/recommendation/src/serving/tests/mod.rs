//! Questions to small runs, compared with plain computations.

mod fixture;
mod fold_in;
mod inputs;
mod lists;
mod merge;

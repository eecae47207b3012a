//! Who comes when: every visit and every return of the whole shop, in order of time, and how they
//! are cut into files.
//!
//! The schedule holds 28 bytes per visit (about five per event) and no events: a visit is drawn
//! here to learn how long it is and what comes back of it, and drawn again when it is written.

use rayon::prelude::*;

use super::calendar::{CLOSED, Calendar, DAY};
use super::catalogue::Catalogue;
use super::customer::{Customer, budgets};
use super::streams::{Chance, Stream, below, chance, happens};
use super::visit::{LONGEST_SECONDS, Step, walk};

/// Customers scheduled by one task.
const CUSTOMERS_PER_TASK: usize = 1024;
/// An order can be returned from this many days after it on …
const FIRST_RETURN_DAY: u32 = 2;
/// … for this many days.
const RETURN_DAYS: u32 = 28;

/// Everything a shop is drawn from.
pub(super) struct Shop {
    pub(super) seed: u64,
    pub(super) catalogue: Catalogue,
    pub(super) calendar: Calendar,
}

/// A visit, or the return of one line of the order a visit ended in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    /// When it starts, in seconds since the shop opened.
    pub(super) start: u32,
    pub(super) user: u32,
    /// The customer's how many-th visit (in the order drawn, not of time).
    pub(super) number: u32,
    /// Visits are numbered in order of time from 1; a return has the number of its order's visit.
    pub(super) order: u32,
    /// Seconds from the first event to the last.
    seconds: u16,
    /// Events of the visit.
    pub(super) length: u16,
    /// When the visit of the order started; `start` itself for a visit.
    pub(super) bought: u32,
    /// `None` for a visit, else the returned line.
    pub(super) returned: Option<u8>,
}

impl Entry {
    /// Events this entry leaves in the log.
    fn events(&self) -> u64 {
        if self.returned.is_some() {
            1
        } else {
            u64::from(self.length)
        }
    }
}

/// A range of time whose events make one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slice {
    /// Its first second.
    pub(super) from: u32,
    /// The first second after it.
    pub(super) until: u32,
}

/// All visits and returns by time.
pub(super) struct Schedule {
    entries: Vec<Entry>,
}

impl Schedule {
    /// Schedules exactly `events` events of `users` customers, on the current rayon pool.
    pub(super) fn new(shop: &Shop, events: u64, users: u32) -> Self {
        let budgets = budgets(shop.seed, &shop.catalogue, events, users);
        let parts: Vec<Vec<Entry>> = budgets
            .par_chunks(CUSTOMERS_PER_TASK)
            .enumerate()
            .map(|(task, budgets)| {
                let mut entries = Vec::new();
                let mut steps = Vec::new();
                for (i, &budget) in budgets.iter().enumerate() {
                    let user = (task * CUSTOMERS_PER_TASK + i) as u32;
                    shop.schedule(user, budget, &mut entries, &mut steps);
                }
                entries
            })
            .collect();
        drop(budgets);
        let mut entries = Vec::with_capacity(parts.iter().map(Vec::len).sum());
        parts.into_iter().for_each(|part| entries.extend(part));
        entries.par_sort_unstable();
        number_orders(&mut entries);
        Self { entries }
    }

    /// Cuts the whole time into slices of about `size` events (at least 1 each). The cuts depend on
    /// the schedule alone.
    pub(super) fn slices(&self, size: u64) -> Vec<Slice> {
        let mut cuts = vec![0];
        let mut events = 0u64;
        for entry in &self.entries {
            let last = cuts.last().copied().unwrap_or(0);
            if events >= size * cuts.len() as u64 && entry.start > last {
                cuts.push(entry.start);
            }
            events += entry.events();
        }
        let ends = cuts[1..].iter().copied().chain([CLOSED]);
        cuts.iter()
            .zip(ends)
            .map(|(&from, until)| Slice { from, until })
            .collect()
    }

    /// The entries that may have events in a slice.
    pub(super) fn within(&self, slice: Slice) -> impl Iterator<Item = &Entry> {
        let before = slice.from.saturating_sub(LONGEST_SECONDS);
        let first = self.entries.partition_point(|entry| entry.start < before);
        let after = self
            .entries
            .partition_point(|entry| entry.start < slice.until);
        self.entries[first..after]
            .iter()
            .filter(move |entry| entry.start + u32::from(entry.seconds) >= slice.from)
    }
}

impl Shop {
    /// Uses up one customer's events with visits and the returns they lead to.
    fn schedule(&self, user: u32, budget: u64, entries: &mut Vec<Entry>, steps: &mut Vec<Step>) {
        let customer = Customer::new(self.seed, &self.catalogue, user);
        let mut left = budget;
        let mut number = 0;
        while left > 0 {
            let mut chance = chance(
                self.seed,
                Stream::Schedule,
                u64::from(user),
                u64::from(number),
            );
            let drawn = u64::from(customer.visit_length(&mut chance));
            // Who comes once does everything in one visit, unless that would be a strange one.
            let whole = customer.is_passing() && left <= 20;
            let mut length = if whole { left } else { drawn.min(left) } as u32;
            let when = customer.visit_start(&mut chance, &self.calendar);
            // A visit that would outlast the log starts so much earlier that it ends in its last hour.
            let slack = below(&mut chance, 3600);
            let after_visit = chance.clone();
            let visit = (user, &customer);
            let (mut start, mut returns);
            loop {
                let lines = walk(&self.catalogue, self.seed, visit, number, length, steps);
                let seconds = steps.last().map_or(0, |step| step.second);
                let late = when + seconds >= CLOSED;
                start = if late {
                    CLOSED - 1 - seconds - slack
                } else {
                    when
                };
                let bought = &steps[steps.len() - lines as usize..];
                returns = self.returns(&mut after_visit.clone(), &customer, start, bought);
                // The last visit is shortened until its returns fit into what is left.
                if u64::from(length) + returns.len() as u64 <= left {
                    break;
                }
                length -= 1;
            }
            let seconds = steps.last().map_or(0, |step| step.second) as u16;
            let length = length as u16;
            let bought = start;
            let visit = Entry {
                start,
                user,
                number,
                order: 0,
                seconds,
                length,
                bought,
                returned: None,
            };
            entries.push(visit);
            entries.extend(returns.iter().map(|&(start, line)| Entry {
                start,
                seconds: 0,
                returned: Some(line),
                ..visit
            }));
            left -= visit.events() + returns.len() as u64;
            number += 1;
        }
    }

    /// Which lines of an order come back, and when; only what comes back before the end.
    fn returns(
        &self,
        chance: &mut Chance,
        customer: &Customer,
        start: u32,
        bought: &[Step],
    ) -> Vec<(u32, u8)> {
        let mut returns = Vec::new();
        for (line, step) in bought.iter().enumerate() {
            let share = self.catalogue.category_of(step.product).returns;
            if happens(chance, share * customer.habits.returns) {
                let day = start / DAY + FIRST_RETURN_DAY + below(chance, RETURN_DAYS);
                let when = day * DAY + 8 * 3600 + below(chance, 12 * 3600);
                if when < CLOSED {
                    returns.push((when, line as u8));
                }
            }
        }
        returns
    }
}

/// Numbers the visits of sorted entries from 1 and gives each return the number of its visit.
fn number_orders(entries: &mut [Entry]) {
    let mut returns: Vec<(u32, u32, usize)> = entries
        .iter()
        .enumerate()
        .filter(|(_, entry)| entry.returned.is_some())
        .map(|(at, entry)| (entry.user, entry.number, at))
        .collect();
    returns.sort_unstable();
    let mut order = 0;
    for at in 0..entries.len() {
        if entries[at].returned.is_some() {
            continue;
        }
        order += 1;
        entries[at].order = order;
        let visit = (entries[at].user, entries[at].number);
        let first = returns.partition_point(|&(user, number, _)| (user, number) < visit);
        for &(user, number, at) in &returns[first..] {
            if (user, number) != visit {
                break;
            }
            entries[at].order = order;
        }
    }
}

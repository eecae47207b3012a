//! The account of real files against what is known of them.

use std::collections::BTreeMap;

use data::Account;

use crate::support::{Bench, dataset, events, mapped};

fn counts(pairs: &[(&str, u64)]) -> BTreeMap<String, u64> {
    pairs
        .iter()
        .map(|(name, count)| ((*name).to_owned(), *count))
        .collect()
}

fn balances(account: &Account) -> bool {
    account.rows_read
        == account.used
            + account.duplicates
            + account.not_sampled
            + account.quarantined.values().sum::<u64>()
}

#[tokio::test]
async fn rees46_multi_category() {
    let Some(path) = dataset("rees46-multi-category/2019-Oct-head-17k.csv") else {
        return;
    };
    let bench = Bench::new().await;
    let staged = bench
        .stage(&events(&[path.to_str().unwrap()]))
        .await
        .unwrap();
    let account = staged.account;
    assert_eq!(staged.mapping, "rees46");
    assert_eq!(account.rows_read, 17_435);
    assert_eq!(account.quarantined, counts(&[("truncated_line", 1)]));
    let example = &account.examples["truncated_line"];
    assert_eq!(example.line, 17_436);
    assert!(
        example.text.ends_with("elenberg,25.71,52040330"),
        "{example:?}"
    );
    assert_eq!(account.duplicates, 5);
    assert_eq!(account.used, 17_429);
    assert_eq!(
        account.events,
        counts(&[("view", 17_055), ("purchase", 214), ("cart", 165)])
    );
    assert_eq!(
        (account.users, account.products, account.orders),
        (4_504, 6_493, 5_066)
    );
    assert_eq!(
        account.missing,
        counts(&[("category_code", 5_746), ("brand", 2_477)])
    );
    assert_eq!(account.anonymous, 0);
    assert!(balances(&account));
}

#[tokio::test]
async fn rees46_cosmetics() {
    let Some(folder) = dataset("rees46-cosmetics") else {
        return;
    };
    let bench = Bench::new().await;
    let staged = bench
        .stage(&events(&[folder.to_str().unwrap()]))
        .await
        .unwrap();
    let account = staged.account;
    assert_eq!(staged.mapping, "rees46-cosmetics");
    assert_eq!((account.files, staged.files.len()), (5, 6));
    assert_eq!(account.rows_read, 4_995);
    assert_eq!(
        account.events,
        counts(&[
            ("view", 2_321),
            ("cart", 1_300),
            ("remove_from_cart", 1_051),
            ("purchase", 323)
        ])
    );
    assert_eq!(account.duplicates, 75 + 52 + 19 + 85 + 60);
    assert_eq!(account.quarantined, counts(&[]));
    let catalogue = account.catalogue.unwrap();
    assert_eq!((catalogue.rows, catalogue.products), (109_579, 54_043));
    assert!(balances(&account));
    for (month, duplicates) in [
        ("2022_oct", 75),
        ("2022_nov", 52),
        ("2022_dec", 19),
        ("2023_jan", 85),
        ("2023_feb", 60),
    ] {
        let month = folder.join(format!("data_{month}.csv"));
        let account = bench
            .stage(&events(&[month.to_str().unwrap()]))
            .await
            .unwrap()
            .account;
        assert_eq!(
            (account.rows_read, account.duplicates),
            (999, duplicates),
            "{month:?}"
        );
    }
}

#[tokio::test]
async fn uci_online_retail() {
    let Some(folder) = dataset("uci-online-retail/by-day") else {
        return;
    };
    let bench = Bench::new().await;
    let account = bench
        .check(&events(&[folder.to_str().unwrap()]))
        .await
        .unwrap();
    assert_eq!((account.rows_read, account.files), (541_909, 305));
    assert_eq!(
        (account.orders, account.products, account.users),
        (25_900, 4_070, 4_372)
    );
    assert_eq!(account.anonymous, 135_080);
    assert_eq!(
        account.events,
        counts(&[("purchase", 532_621), ("return", 9_288)])
    );
    assert_eq!(
        (account.duplicates, account.duplicates_kept),
        (0, Some(5_268))
    );
    assert_eq!(account.quarantined["negative_price"], 2);
    assert_eq!(
        account
            .quarantined
            .keys()
            .map(String::as_str)
            .collect::<Vec<_>>(),
        ["negative_price", "negative_quantity"]
    );
    assert_eq!(account.zero_price, 2_515);
    assert_eq!(account.distinct, counts(&[("Country", 38)]));
    assert!(balances(&account));
    let returns = "select count(*), sum(quantity) > 0, min(quantity) from events \
                   where event_type = 'return'";
    assert_eq!(bench.rows(returns).await, ["9288 | true | 1"]);
}

#[tokio::test]
async fn cdnow_by_a_mapping_of_ones_own() {
    let Some(path) = dataset("cdnow/CDNOW_sample.txt") else {
        return;
    };
    let mapping = crate::support::workspace().join("data/mappings/cdnow.toml");
    let bench = Bench::new().await;
    let params = mapped(&[path.to_str().unwrap()], mapping.to_str().unwrap());
    let staged = bench.stage(&params).await.unwrap();
    assert_eq!(
        (staged.account.rows_read, staged.account.used),
        (6_919, 6_919)
    );
    assert_eq!(
        (staged.mapping.as_str(), staged.account.users),
        ("cdnow", 2_357)
    );
    let first = "select user_id, event_time, quantity * unit_price from events \
                 order by user_id, event_time limit 2";
    assert_eq!(
        bench.rows(first).await,
        [
            "1 | 1997-01-01T00:00:00Z | 29.3300",
            "1 | 1997-01-18T00:00:00Z | 29.7300"
        ]
    );
}

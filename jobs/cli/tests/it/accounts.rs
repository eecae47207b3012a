//! What `jobs check` prints of real data agrees with what is known of that data.

use serde_json::{Value, json};

use super::program::{datasets, succeed};

fn account(events: &str) -> Option<Value> {
    let events = datasets()?.join(events);
    let printed = succeed(&[
        "check",
        "--events",
        events.to_str().unwrap(),
        "--format",
        "json",
    ]);
    Some(serde_json::from_str(&printed).unwrap())
}

#[test]
fn rees46() {
    let Some(account) = account("rees46-multi-category") else {
        return;
    };
    assert_eq!(account["rows_read"], 17_435);
    assert_eq!(account["used"], 17_429);
    assert_eq!(account["duplicates"], 5);
    assert_eq!(account["quarantined"], json!({"truncated_line": 1}));
    assert_eq!(
        account["events"],
        json!({"cart": 165, "purchase": 214, "view": 17_055})
    );
    assert_eq!(account["users"], 4_504);
    assert_eq!(account["products"], 6_493);
    assert_eq!(account["orders"], 5_066);
    assert_eq!(
        account["missing"],
        json!({"brand": 2_477, "category_code": 5_746})
    );
}

#[test]
fn rees46_cosmetics() {
    let Some(account) = account("rees46-cosmetics/data_*.csv") else {
        return;
    };
    assert_eq!(account["rows_read"], 4_995);
    assert_eq!(account["duplicates"], 75 + 52 + 19 + 85 + 60);
    assert_eq!(
        account["events"],
        json!({"cart": 1_300, "purchase": 323, "remove_from_cart": 1_051, "view": 2_321})
    );
    assert_eq!(
        account["catalogue"],
        json!({"products": 54_043, "rows": 109_579})
    );
}

#[test]
fn online_retail() {
    let Some(account) = account("uci-online-retail/by-day") else {
        return;
    };
    assert_eq!(account["rows_read"], 541_909);
    assert_eq!(account["used"], 541_909 - 1_338);
    assert_eq!(account["duplicates"], 0);
    assert_eq!(account["duplicates_kept"], 5_268);
    assert_eq!(account["anonymous"], 135_080);
    assert_eq!(
        account["quarantined"],
        json!({"negative_price": 2, "negative_quantity": 1_336})
    );
    assert_eq!(
        account["events"],
        json!({"purchase": 532_621, "return": 9_288})
    );
    assert_eq!(account["users"], 4_372);
    assert_eq!(account["products"], 4_070);
    assert_eq!(account["orders"], 25_900);
    assert_eq!(account["zero_price"], 2_515);
    assert_eq!(account["distinct"], json!({"Country": 38}));
}

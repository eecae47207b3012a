//! What the feature queries return for given events.

use sql::features::{EVENTS_AFTER, LAST_EVENT, SEGMENT_MONTHS};

use crate::assert_features;
use crate::reference::{self, PRODUCT_ACTIVITY, SESSION_ACTIVITY};
use crate::shop::{Event, Shop, event, features_of};

const AS_OF: &str = "2024-02-01 00:00:00";

fn purchase(at: &'static str, order: &'static str) -> Event {
    Event {
        order: Some(order),
        ..event(at, "purchase")
    }
}

#[tokio::test]
async fn events_are_counted_by_type() {
    let kinds = [
        "view",
        "view",
        "view",
        "cart",
        "cart",
        "remove_from_cart",
        "purchase",
        "return",
    ];
    let events = kinds.map(|kind| event("2024-01-05 12:00:00Z", kind));
    assert_features!(
        features_of(&events, AS_OF).await,
        n_views: "3", n_carts: "2", n_removes: "1", n_purchases: "1", n_returns: "1",
    );
}

#[tokio::test]
async fn an_order_counts_once_however_many_lines_it_has() {
    let events = [
        purchase("2024-01-01 10:00:00Z", "o1"),
        purchase("2024-01-01 10:00:00Z", "o1"),
        purchase("2024-01-02 10:00:00Z", "o1"),
        purchase("2024-01-02 10:00:00Z", "o2"),
    ];
    assert_features!(
        features_of(&events, AS_OF).await,
        n_purchases: "4", n_orders: "2", n_sessions: "2", active_days: "2",
    );
}

#[tokio::test]
async fn without_an_order_id_the_calendar_day_is_the_session() {
    let events = [
        event("2024-01-01 00:00:00Z", "purchase"),
        event("2024-01-01 23:59:59.999999Z", "purchase"),
        event("2024-01-02 00:00:00Z", "purchase"),
    ];
    assert_features!(
        features_of(&events, AS_OF).await,
        n_orders: "2", n_sessions: "2", active_days: "2", days_between_orders: "1.0",
    );
}

#[tokio::test]
async fn a_session_past_midnight_is_one_session_on_two_days() {
    let events = [
        Event {
            order: Some("s"),
            ..event("2024-01-01 23:59:00Z", "cart")
        },
        Event {
            order: Some("s"),
            ..event("2024-01-02 00:01:00Z", "purchase")
        },
    ];
    let shop = Shop::open(&events, AS_OF).await;
    assert_eq!(shop.all(SESSION_ACTIVITY).await.len(), 2);
    assert_features!(
        shop.users().await["u"],
        n_sessions: "1", active_days: "2", n_orders: "1", abandonment_rate: "0.0",
    );
}

#[tokio::test]
async fn money_is_exact_and_returns_are_deducted() {
    let line = |kind, quantity, price| Event {
        quantity,
        price: Some(price),
        ..event("2024-01-01 10:00:00Z", kind)
    };
    let events = [
        line("purchase", 3, "0.10"),
        line("purchase", 5, "0.0001"),
        line("return", 2, "0.10"),
        line("view", 7, "9.99"),
    ];
    assert_features!(
        features_of(&events, AS_OF).await,
        units: "8", returned_units: "2", gross_revenue: "0.3005",
        returned_revenue: "0.2000", net_revenue: "0.1005", mean_basket: "0.3005",
        return_rate: "0.25",
    );
}

#[tokio::test]
async fn a_purchase_without_a_price_is_an_order_worth_nothing() {
    let events = [Event {
        price: None,
        ..event("2024-01-01 10:00:00Z", "purchase")
    }];
    assert_features!(
        features_of(&events, AS_OF).await,
        n_orders: "1", units: "1", gross_revenue: "0.0000", net_revenue: "0.0000",
    );
}

#[tokio::test]
async fn somebody_who_only_returns_never_bought() {
    let events = [Event {
        quantity: 2,
        ..event("2024-01-01 10:00:00Z", "return")
    }];
    assert_features!(
        features_of(&events, AS_OF).await,
        n_orders: "0", n_returns: "1", returned_units: "2", net_revenue: "-2.0000",
        mean_basket: "", return_rate: "", days_between_orders: "", first_purchase_at: "",
        last_purchase_at: "",
    );
}

#[tokio::test]
async fn rates_without_a_denominator_are_null() {
    let row = features_of(&[event("2024-01-01 10:00:00Z", "remove_from_cart")], AS_OF).await;
    assert_features!(
        row,
        view_to_cart_rate: "", cart_to_purchase_rate: "", abandonment_rate: "", return_rate: "",
        mean_basket: "", days_between_orders: "", top_category: "", distinct_categories: "0",
        distinct_brands: "0",
    );
}

#[tokio::test]
async fn the_funnel_is_counted_in_products() {
    let of = |product, kind| Event {
        product,
        ..event("2024-01-01 10:00:00Z", kind)
    };
    let events = [
        of("a", "view"),
        of("a", "view"),
        of("a", "cart"),
        of("a", "purchase"),
        of("b", "view"),
        of("b", "cart"),
        of("c", "view"),
        of("d", "view"),
        of("e", "cart"),
        of("e", "cart"),
    ];
    assert_features!(
        features_of(&events, AS_OF).await,
        distinct_products: "5", view_to_cart_rate: "0.5",
        cart_to_purchase_rate: (1.0 / 3.0).to_string(),
    );
}

#[tokio::test]
async fn a_cart_is_abandoned_when_its_session_has_no_purchase() {
    let of = |order, kind| Event {
        order: Some(order),
        ..event("2024-01-01 10:00:00Z", kind)
    };
    let events = [
        of("s1", "cart"),
        of("s1", "purchase"),
        of("s2", "cart"),
        of("s3", "cart"),
        of("s4", "view"),
        of("s5", "purchase"),
    ];
    assert_features!(
        features_of(&events, AS_OF).await,
        n_sessions: "5", abandonment_rate: (2.0 / 3.0).to_string(),
    );
}

#[tokio::test]
async fn the_top_category_has_most_events_and_ties_go_to_the_smallest_name() {
    let of = |category| Event {
        category: Some(category),
        ..event("2024-01-01 10:00:00Z", "view")
    };
    let tied = [of("tea"), of("cups"), of("tea"), of("cups"), of("milk")];
    assert_features!(
        features_of(&tied, AS_OF).await, top_category: "cups", distinct_categories: "3",
    );
    let clear = [of("cups"), of("tea"), of("tea")];
    assert_features!(features_of(&clear, AS_OF).await, top_category: "tea");
}

#[tokio::test]
async fn a_category_without_a_code_goes_by_its_id() {
    let of = |category, category_id| Event {
        category,
        category_id,
        ..event("2024-01-01 10:00:00Z", "view")
    };
    let events = [
        of(None, Some(7)),
        of(None, Some(7)),
        of(Some("tea"), Some(7)),
        of(None, None),
    ];
    assert_features!(
        features_of(&events, AS_OF).await, top_category: "7", distinct_categories: "2",
        distinct_products: "1",
    );
}

#[tokio::test]
async fn weekends_and_nights_are_shares_of_events_in_utc() {
    // 2024-01-06 is a Saturday; the night ends at 06:00.
    let events = [
        event("2024-01-05 23:59:59Z", "view"),
        event("2024-01-06 00:00:00Z", "view"),
        event("2024-01-07 05:59:59.999999Z", "view"),
        event("2024-01-08 06:00:00Z", "view"),
    ];
    assert_features!(
        features_of(&events, AS_OF).await, weekend_share: "0.5", night_share: "0.5",
    );
}

#[tokio::test]
async fn tenure_is_whole_days_from_the_first_event_to_as_of() {
    let events = [
        event("2024-01-30 00:00:00Z", "view"),
        event("2024-01-31 00:00:00Z", "view"),
    ];
    assert_features!(features_of(&events, "2024-01-31 23:59:59").await, tenure_days: "1");
    assert_features!(features_of(&events, "2024-02-01 00:00:00").await, tenure_days: "2");
}

#[tokio::test]
async fn days_between_orders_is_the_mean_of_the_gaps() {
    let events = [
        purchase("2024-01-01 00:00:00Z", "o1"),
        purchase("2024-01-02 00:00:00Z", "o2"),
        purchase("2024-01-04 12:00:00Z", "o3"),
    ];
    assert_features!(features_of(&events, AS_OF).await, days_between_orders: "1.75");
    assert_features!(features_of(&events[..1], AS_OF).await, days_between_orders: "");
}

#[tokio::test]
async fn users_without_an_id_have_no_row() {
    let events = [
        Event {
            user: None,
            ..event("2024-01-01 10:00:00Z", "view")
        },
        Event {
            user: Some("a"),
            ..event("2024-01-01 10:00:00Z", "view")
        },
    ];
    let users = Shop::open(&events, AS_OF).await.users().await;
    assert_eq!(users.keys().collect::<Vec<_>>(), ["a"]);
}

#[tokio::test]
async fn events_at_or_after_as_of_are_left_aside() {
    let events = [
        event("2024-01-31 23:59:59.999999Z", "view"),
        event("2024-02-01 00:00:00Z", "view"),
        Event {
            user: Some("late"),
            ..event("2024-02-02 00:00:00Z", "view")
        },
    ];
    let shop = Shop::open(&events, AS_OF).await;
    let users = shop.users().await;
    assert_eq!(users.keys().collect::<Vec<_>>(), ["u"]);
    assert_features!(users["u"], n_views: "1");
    assert_features!(shop.all(EVENTS_AFTER).await[0], n_events: "2");
    assert_features!(
        shop.all(LAST_EVENT).await[0],
        first_event_at: "2024-01-31T23:59:59.999999Z", last_event_at: "2024-02-02T00:00:00Z",
    );
}

#[tokio::test]
async fn product_activity_has_a_row_per_filing_of_a_product() {
    let of = |brand| Event {
        brand,
        ..event("2024-01-01 10:00:00Z", "view")
    };
    let shop = Shop::open(
        &[of(Some("x")), of(Some("x")), of(Some("y")), of(None)],
        AS_OF,
    )
    .await;
    assert_eq!(shop.all(PRODUCT_ACTIVITY).await.len(), 3);
    assert_features!(shop.users().await["u"], distinct_products: "1", distinct_brands: "2");
}

#[tokio::test]
async fn months_hold_purchases_only() {
    let events = [
        purchase("2024-01-01 00:00:00Z", "o1"),
        purchase("2024-01-31 23:00:00Z", "o2"),
        purchase("2023-12-31 23:00:00Z", "o3"),
        event("2023-11-01 00:00:00Z", "view"),
    ];
    let shop = Shop::open(&events, AS_OF).await;
    let mut rows = shop.all(SEGMENT_MONTHS).await;
    let mut plain = shop.all(reference::SEGMENT_MONTHS).await;
    rows.sort_by(|a, b| b["month"].cmp(&a["month"]));
    plain.sort_by(|a, b| b["month"].cmp(&a["month"]));
    assert_eq!(rows, plain);
    assert_eq!(rows.len(), 2);
    assert_features!(rows[0], month: "2024-01-01", gross_revenue: "2.0000");
    assert_features!(rows[1], month: "2023-12-01", gross_revenue: "1.0000");
}

#[tokio::test]
async fn the_number_of_threads_does_not_show() {
    let days = [
        "2024-01-01 01:00:00Z",
        "2024-01-02 12:00:00Z",
        "2024-01-06 13:00:00Z",
    ];
    let users = ["a", "b", "c", "d", "e"];
    let mut events = Vec::new();
    for (i, user) in users.iter().enumerate() {
        for (j, at) in days.iter().enumerate() {
            let category = Some(["x", "y", "z"][(i + j) % 3]);
            events.push(Event {
                user: Some(user),
                category,
                ..event(at, "purchase")
            });
            events.push(Event {
                user: Some(user),
                category,
                ..event(at, "view")
            });
        }
    }
    let one = Shop::with_threads(&events, AS_OF, 1).await.users().await;
    let seven = Shop::with_threads(&events, AS_OF, 7).await.users().await;
    assert_eq!(one.len(), users.len());
    assert_eq!(one, seven);
}

/// A log of many users, some with much and most with little, drawn from a seed: sessions past
/// midnight, events without an order, moments before 1970, ties of categories, other filings of a
/// product.
fn drawn(seed: u64, events: usize) -> Vec<Event> {
    const TIMES: [&str; 8] = [
        "1969-12-31 23:59:59.999999Z",
        "1969-12-28 05:59:59Z",
        "2023-12-31 23:59:00Z",
        "2024-01-01 00:01:00Z",
        "2024-01-01 05:59:59.999999Z",
        "2024-01-06 06:00:00Z",
        "2024-01-07 23:00:00Z",
        "2024-02-01 00:00:00Z",
    ];
    const KINDS: [&str; 8] = [
        "view",
        "view",
        "view",
        "cart",
        "cart",
        "remove_from_cart",
        "purchase",
        "return",
    ];
    const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];
    let mut state = seed;
    let mut draw = |below: usize| {
        // SplitMix64.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = state;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((x ^ (x >> 31)) % below as u64) as usize
    };
    let mut log = Vec::new();
    for _ in 0..events {
        let some = |place: usize| NAMES.get(place).copied();
        log.push(Event {
            user: some(draw(7).min(draw(7))),
            product: NAMES[draw(5)],
            order: some(draw(8)),
            quantity: 1 + draw(3) as i64,
            price: [Some("0.0001"), Some("12.34"), None][draw(3)],
            category: some(draw(9)),
            category_id: [Some(7), Some(12), None][draw(3)],
            brand: some(draw(9)),
            ..event(TIMES[draw(8)], KINDS[draw(8)])
        });
    }
    log
}

#[tokio::test]
async fn one_pass_says_what_the_two_levels_say() {
    for (seed, events, threads) in [(1, 40, 1), (2, 150, 2), (3, 400, 3), (4, 400, 5)] {
        let shop = Shop::with_threads(&drawn(seed, events), AS_OF, threads).await;
        assert!(!shop.users().await.is_empty());
    }
}

//! Files that are somewhere else.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Response, StatusCode, header};
use axum::routing::get;

use super::{gzip, read};
use crate::source::{SourceError, SourceInput, SourceOptions, SourceTable};

type Shelf = Arc<HashMap<String, Vec<u8>>>;

/// A file, or the bytes of it that were asked for.
async fn serve(
    State(shelf): State<Shelf>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response<Body> {
    let Some(bytes) = shelf.get(&name) else {
        return Response::builder()
            .status(StatusCode::NOT_FOUND)
            .body(Body::empty())
            .unwrap();
    };
    let response = Response::builder()
        .header(header::LAST_MODIFIED, "Wed, 21 Oct 2015 07:28:00 GMT")
        .header(header::ETAG, "\"1\"");
    let range = headers.get(header::RANGE).and_then(|range| {
        let (from, to) = range
            .to_str()
            .ok()?
            .strip_prefix("bytes=")?
            .split_once('-')?;
        Some((from.parse::<usize>().ok()?, to.parse::<usize>().ok()?))
    });
    match range {
        Some((from, to)) => {
            let to = to.min(bytes.len() - 1);
            let place = format!("bytes {from}-{to}/{}", bytes.len());
            response
                .status(StatusCode::PARTIAL_CONTENT)
                .header(header::CONTENT_RANGE, place)
                .body(Body::from(bytes[from..=to].to_vec()))
                .unwrap()
        }
        None => response.body(Body::from(bytes.clone())).unwrap(),
    }
}

async fn web(files: &[(&str, &[u8])]) -> String {
    let shelf: HashMap<String, Vec<u8>> = files
        .iter()
        .map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec()))
        .collect();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new()
        .route("/{name}", get(serve))
        .with_state(Arc::new(shelf));
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

#[tokio::test]
async fn a_file_on_a_web_server_is_read_in_pieces() {
    let mut text = "x,y\n".to_owned();
    for row in 0..300_000 {
        text.push_str(&format!("{row},value {row}\n"));
    }
    let packed = gzip(text.as_bytes());
    let root = web(&[("a.csv", text.as_bytes()), ("b.csv.gz", &packed)]).await;
    let input = |name: &str, bytes: &[u8]| SourceInput {
        url: format!("{root}/{name}"),
        size: bytes.len() as u64,
    };
    let inputs = [input("a.csv", text.as_bytes()), input("b.csv.gz", &packed)];
    assert!(inputs[0].size > 4 << 20);
    let table = SourceTable::open(&inputs, &SourceOptions::default())
        .await
        .unwrap();
    let all: Vec<usize> = (0..table.schema.fields().len()).collect();
    let read = read(&table, &all, 1).await;
    assert_eq!((read.len(), read.faults()), (600_000, vec![]));
    assert_eq!(read.text("y")[299_999], Some("value 299999"));
    assert_eq!(read.text("y")[599_999], Some("value 299999"));
    let absent = SourceInput {
        url: format!("{root}/absent.csv"),
        size: 10,
    };
    let error = SourceTable::open(&[absent], &SourceOptions::default())
        .await
        .unwrap_err();
    assert!(matches!(error, SourceError::Read { .. }), "{error}");
    assert!(error.to_string().contains("absent.csv"), "{error}");
}

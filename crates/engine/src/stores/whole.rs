//! Answers of a store that arrive whole or not at all.
//!
//! `object_store` tries a request again that was refused or cut off, but not one whose answer
//! broke off in its body, unless it is an object, which it goes on reading where it stopped. A
//! listing that broke off would end a job. So the store's own answers (XML, as opposed to
//! objects) are read whole before they are handed on, and one that breaks off counts as a request
//! that was cut off.

use async_trait::async_trait;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
    ReqwestConnector,
};

/// The largest answer that is held in memory; a page of a listing is far below.
const MOST_BYTES: u64 = 8 << 20;

/// Connects as `object_store` itself does.
#[derive(Debug, Default)]
pub(super) struct WholeAnswers;

impl HttpConnector for WholeAnswers {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let client = ReqwestConnector::default().connect(options)?;
        Ok(HttpClient::new(Service(client)))
    }
}

#[derive(Debug)]
struct Service(HttpClient);

#[async_trait]
impl HttpService for Service {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let repeatable = is_deletion(&request);
        let answer = match self.0.execute(request).await {
            Ok(answer) if is_own_words(&answer) => whole(answer).await,
            other => other,
        };
        answer.map_err(|error| match error.kind() {
            // What is gone twice is gone; but only the kind of an error that happened before the
            // request was sent says that it may be sent again.
            HttpErrorKind::Interrupted | HttpErrorKind::Timeout if repeatable => {
                HttpError::new(HttpErrorKind::Request, error)
            }
            _ => error,
        })
    }
}

/// Deletes many objects at once (S3).
fn is_deletion(request: &HttpRequest) -> bool {
    let mut query = request.uri().query().unwrap_or("").split('&');
    request.method() == "POST" && query.any(|part| part == "delete" || part == "delete=")
}

/// Whether the store speaks for itself rather than hands out an object.
fn is_own_words(answer: &HttpResponse) -> bool {
    let header = |name| answer.headers().get(name)?.to_str().ok();
    let length = header("content-length").and_then(|text| text.parse::<u64>().ok());
    header("content-type").is_some_and(|kind| kind.contains("xml"))
        && length.is_none_or(|length| length <= MOST_BYTES)
}

async fn whole(answer: HttpResponse) -> Result<HttpResponse, HttpError> {
    let (head, body) = answer.into_parts();
    match body.bytes().await {
        Ok(bytes) => Ok(HttpResponse::from_parts(head, bytes.into())),
        Err(error) => Err(HttpError::new(HttpErrorKind::Interrupted, error)),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use futures::TryStreamExt;
    use object_store::ObjectStore;
    use object_store::aws::AmazonS3Builder;

    use super::*;

    const LISTING: &str = "<ListBucketResult><Contents><Key>a.csv</Key><Size>7</Size>\
        <LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>x</ETag></Contents>\
        <IsTruncated>false</IsTruncated></ListBucketResult>";

    /// Answers two requests with the listing, the first with half of it.
    fn store_that_breaks_off_once() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for end in [LISTING.len() / 2, LISTING.len()] {
                let (mut client, _) = listener.accept().unwrap();
                let mut asked = Vec::new();
                while !asked.ends_with(b"\r\n\r\n") {
                    let mut byte = [0];
                    client.read_exact(&mut byte).unwrap();
                    asked.push(byte[0]);
                }
                let length = LISTING.len();
                let head = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/xml\r\n\
                     content-length: {length}\r\nconnection: close\r\n\r\n"
                );
                client.write_all(head.as_bytes()).unwrap();
                client.write_all(&LISTING.as_bytes()[..end]).unwrap();
            }
        });
        format!("http://{address}")
    }

    #[tokio::test]
    async fn a_listing_that_breaks_off_is_asked_for_again() {
        let store = AmazonS3Builder::new()
            .with_endpoint(store_that_breaks_off_once())
            .with_allow_http(true)
            .with_bucket_name("b")
            .with_region("us-east-1")
            .with_access_key_id("k")
            .with_secret_access_key("s")
            .with_http_connector(WholeAnswers)
            .with_retry(super::super::retry())
            .build()
            .unwrap();
        let found: Vec<_> = store.list(None).try_collect().await.unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].location.as_ref(), found[0].size), ("a.csv", 7));
    }
}

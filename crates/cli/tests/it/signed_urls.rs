//! Exports to URLs that an object store has signed for one upload.

use crate::object_server::{BUCKET, Fault, ObjectServer, Planned};
use crate::support::{Place, Ran};
use object_store::ClientOptions;
use object_store::aws::AmazonS3Builder;
use object_store::client::{HttpClient, HttpConnector, HttpError, HttpRequest, HttpResponse, HttpService};
use object_store::path::Path;
use object_store::signer::Signer;
use std::pin::Pin;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// Connects to nothing: what only signs sends nothing.
#[derive(Debug)]
struct Unconnected;

impl HttpConnector for Unconnected {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(Self))
    }
}

impl HttpService for Unconnected {
    fn call<'s, 'f>(
        &'s self,
        _: HttpRequest,
    ) -> Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'f>>
    where
        's: 'f,
        Self: 'f,
    {
        unreachable!("nothing is sent")
    }
}

/// Signs an upload, as `aws s3 presign` and its like do.
fn sign(server: &ObjectServer, key: &str) -> String {
    let environment = server.environment();
    let client = AmazonS3Builder::new()
        .with_endpoint(&environment["AWS_ENDPOINT"])
        .with_access_key_id(&environment["AWS_ACCESS_KEY_ID"])
        .with_secret_access_key(&environment["AWS_SECRET_ACCESS_KEY"])
        .with_region(&environment["AWS_REGION"])
        .with_bucket_name(BUCKET)
        .with_allow_http(true)
        .with_http_connector(Unconnected)
        .build()
        .unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(client.signed_url(hyper::Method::PUT, &Path::from(key), MINUTE)).unwrap().to_string()
}

fn export(place: &Place, target: &str, more: &[&str]) -> Ran {
    let ran = place.run(&[&["export", "catalog", "--everything", "-o", target][..], more].concat());
    assert!(!ran.err.contains("X-Amz"), "{}", ran.err);
    ran
}

#[test]
fn an_export_to_a_signed_url_has_the_bytes_of_the_file() {
    let server = ObjectServer::start();
    let place = Place::with_demo_rows();
    let check = |name: &str, options: &[&str]| {
        export(&place, name, options).succeeded();
        let url = sign(&server, name);
        let ran = export(&place, &url, options).succeeded();
        assert!(ran.err.contains(url.split('?').next().unwrap()), "{}", ran.err);
        assert!(server.read(name) == place.read(name), "{name} differs");
    };
    check("rows.ndjson", &[]);
    check("rows.ndjson.zst", &[]);
    check("coco.zip", &["--format", "coco", "--allow-lossy"]);
    // A URL is one object.
    assert_eq!(server.keys(), ["coco.zip", "rows.ndjson", "rows.ndjson.zst"]);
    let kept = place.read("labelport-data/labelport.sqlite");
    assert!(!kept.windows(5).any(|window| window == b"X-Amz"), "the record of a task has the signature");
}

#[test]
fn an_object_at_a_signed_url_is_replaced_only_with_force() {
    let server = ObjectServer::start();
    let place = Place::with_demo_rows();
    let url = sign(&server, "rows.ndjson");
    server.write("rows.ndjson", b"mine");
    export(&place, &url, &[]).ended(1, &["/labels/rows.ndjson exists", "--force"]);
    assert_eq!(server.read("rows.ndjson"), b"mine");
    export(&place, &url, &["--force"]).succeeded();
    assert_ne!(server.read("rows.ndjson"), b"mine");
}

#[test]
fn a_result_is_sent_again_while_the_store_is_down() {
    let server = ObjectServer::start();
    let place = Place::with_demo_rows();
    export(&place, "rows.ndjson", &[]).succeeded();
    let check = |name: &'static str, faults: &[Fault]| {
        let planned: Vec<_> =
            faults.iter().map(|fault| Planned { line: "PUT /labels/", times: 1, fault: *fault }).collect();
        server.plan(&planned);
        export(&place, &sign(&server, name), &[]).succeeded();
        assert!(server.is_as_planned() && server.read(name) == place.read("rows.ndjson"), "{name}");
    };
    check("busy.ndjson", &[Fault::Busy, Fault::Broken]);
    check("cut.ndjson", &[Fault::Cut]);
}

#[test]
fn a_lost_answer_is_reported_as_unclear() {
    let server = ObjectServer::start();
    let place = Place::with_demo_rows();
    let lose = || server.plan(&[Planned { line: "PUT /labels/", times: 1, fault: Fault::LoseAnswer }]);
    let url = sign(&server, "rows.ndjson");
    lose();
    export(&place, &url, &[]).ended(1, &["exists, and may be this result", "--force"]);
    lose();
    export(&place, &url, &["--force"]).succeeded();
}

#[test]
fn a_url_that_cannot_be_written_is_reported() {
    let server = ObjectServer::start();
    let place = Place::with_demo_rows();
    let url = sign(&server, "rows.ndjson");
    let (rest, last) = url.split_at(url.len() - 1);
    let wrong = format!("{rest}{}", if last == "0" { 1 } else { 0 });
    export(&place, &wrong, &[]).ended(1, &["status 403", "signed for PUT"]);
    assert_eq!(server.keys(), [""; 0]);
    let unknown = "https://bucket.example.test/rows.ndjson?X-Amz-Signature=secret";
    export(&place, unknown, &[]).ended(1, &["https://bucket.example.test/rows.ndjson cannot be written"]);
    export(&place, "https://host/", &[]).ended(2, &["https://HOST/PATH"]);
    export(&place, "https://me:secret@host/rows.ndjson", &[]).ended(2, &["user name or password"]);
    export(&place, &sign(&server, "rows.txt"), &[]).ended(2, &[".ndjson"]);
    export(&place, &sign(&server, "coco"), &["--format", "coco", "--allow-lossy"]).ended(2, &["in .zip or .tar"]);
    export(&place, "rows.ndjson", &[]).succeeded();
    export(&place, &url, &["--since", "rows.ndjson"]).ended(2, &["a delta is two files"]);
    assert_eq!(server.keys(), [""; 0]);
    export(&place, &url, &["--dry-run"]).succeeded();
    assert_eq!(server.keys(), [""; 0]);
    assert!(!place.path("https:").exists());
}

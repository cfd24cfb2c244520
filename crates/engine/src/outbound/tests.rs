//! Fetching from a server of our own, and from none.

use super::*;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

const LIMITS: Limits = Limits { size_bytes: 1000, remedy: "make it smaller", time: Duration::from_secs(20) };

/// Gives each connection the next of the answers and then waits for the other side to close; returns `127.0.0.1:port`.
/// In an answer that should look like another host's, `{here}` is this address.
fn serve(answers: &[&str]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let here = listener.local_addr().unwrap().to_string();
    let answers: Vec<String> = answers.iter().map(|answer| answer.replace("{here}", &here)).collect();
    thread::spawn(move || {
        for answer in answers {
            let Ok((connection, _)) = listener.accept() else { return };
            thread::spawn(move || answer_with(connection, &answer));
        }
    });
    here
}

fn answer_with(mut connection: TcpStream, answer: &str) {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") && connection.read(&mut byte).is_ok_and(|count| count == 1) {
        request.push(byte[0]);
    }
    // The client may have turned away already.
    let _ = connection.write_all(answer.as_bytes());
    if answer.contains("close") {
        return;
    }
    let _ = connection.read_to_end(&mut request);
}

fn client() -> Client {
    Client::new(Policy { allowed: vec!["127.0.0.0/8".parse().unwrap()], ..Policy::default() })
}

#[track_caller]
fn check(answers: &[&str], limits: Limits, expect: &str) {
    let here = serve(answers);
    let mut bytes = Vec::new();
    let outcome = match client().get(&format!("http://{here}/a.png?token=secret"), limits, &mut bytes) {
        Ok(fetched) => format!(
            "{} {:?} {:?}",
            String::from_utf8_lossy(&bytes),
            fetched.content_type.unwrap_or_default(),
            fetched.content_length
        ),
        Err(error) => error.to_string(),
    };
    assert_eq!(outcome, expect);
}

#[test]
fn a_file_comes_with_its_type_and_length() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Type: image/png; a=b\r\nContent-Length: 5\r\n\r\nhello";
    check(&[answer], LIMITS, "hello \"image/png; a=b\" Some(5)");
    check(&["HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello"], LIMITS, "hello \"\" None");
    let answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    check(&[answer], LIMITS, "hello \"\" None");
    check(
        &["HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"],
        LIMITS,
        "127.0.0.1 answers with status 403; check that the URL is right and has not expired",
    );
}

#[track_caller]
fn check_post(answers: &[&str], expect: &str) {
    let here = serve(answers);
    let headers = [("content-type", "application/json")];
    let url = format!("http://{here}/hook?token=secret");
    let post = Post { url: &url, headers: &headers, body: b"{}", time: Duration::from_millis(300) };
    let outcome = match client().post(&post) {
        Ok(status) => status.to_string(),
        Err(error) => error.to_string(),
    };
    assert_eq!(outcome, expect);
}

#[test]
fn what_is_sent_is_answered_with_a_status_or_a_reason() {
    check_post(&["HTTP/1.1 204 x\r\n\r\n"], "204");
    check_post(&["HTTP/1.1 500 x\r\nContent-Length: 1000000\r\n\r\nhello"], "500");
    // A redirect is an answer, and its target is not called.
    check_post(&["HTTP/1.1 302 Found\r\nLocation: http://{here}/b\r\nConnection: close\r\n\r\n"], "302");
    check_post(&["HTTP/1.1 200"], "127.0.0.1 did not answer within 300ms");
    check_post(&["moon\r\n\r\n"], "127.0.0.1 cannot be reached (the answer is not HTTP)");
    let refused = |url: &str| {
        let post = Post { url, headers: &[], body: b"", time: Duration::from_secs(1) };
        Client::new(Policy::default()).post(&post).unwrap_err().to_string()
    };
    let private =
        "127.0.0.1 is not at a public address, so nothing is sent; the operator can allow it with --allow-fetch";
    assert_eq!(refused("http://127.0.0.1:1/hook"), private);
    assert!(refused("http://me:pass@127.0.0.1/hook").contains("holds a user name or password"));
    assert!(refused("ftp://a/").contains("write https://host/path"));
}

#[test]
fn redirects_are_followed_and_judged() {
    let file = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    let to = |place: &str| format!("HTTP/1.1 302 Found\r\nLocation: {place}\r\nConnection: close\r\n\r\n");
    check(&[&to("http://{here}/b?token=c"), file], LIMITS, "hello \"\" Some(5)");
    check(&[&to("/b"), &to("c?d"), file], LIMITS, "hello \"\" Some(5)");
    let no_address = |host: &str| {
        format!("{host} is not at a public address, so it is not fetched; the operator can allow it with --allow-fetch")
    };
    check(&[&to("http://169.254.169.254/latest/meta-data")], LIMITS, &no_address("169.254.169.254"));
    check(&[&to("https://10.0.0.1/")], LIMITS, &no_address("10.0.0.1"));
    check(&[&to("http://[::1]/")], LIMITS, &no_address("[::1]"));
    let credentials = "the URL of 127.0.0.1 holds a user name or password; use a signed URL instead";
    check(&[&to("http://user:secret@127.0.0.1/")], LIMITS, credentials);
    let elsewhere =
        "127.0.0.1 redirects to something that is no http:// or https:// URL; give the URL of the file itself";
    for place in ["ftp://127.0.0.1/a", "gopher://127.0.0.1/a"] {
        check(&[&to(place)], LIMITS, elsewhere);
    }
    // Not understood as a file, but as a path of the same host.
    let missing = "127.0.0.1 answers with status 404; check that the URL is right and has not expired";
    check(&[&to("file:///etc/passwd"), "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"], LIMITS, missing);
    let endless = "127.0.0.1 redirects more than 5 times; give the URL of the file itself";
    let around = to("/a");
    check(&[around.as_str(); 7], LIMITS, endless);
}

#[test]
fn nothing_is_read_past_the_limits() {
    let small = Limits { size_bytes: 4, ..LIMITS };
    let too_large = "the file at 127.0.0.1 is larger than 4 bytes; make it smaller";
    check(&["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"], small, too_large);
    check(&["HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n"], small, too_large);
    check(&["HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello"], small, too_large);
    check(&["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"], small, too_large);
    check(&["HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhello"], small, "hell \"\" Some(4)");
    let quick = Limits { time: Duration::from_millis(200), ..LIMITS };
    let too_slow = "127.0.0.1 has not sent the file within 200ms; try again later or use a faster host";
    check(&[""], quick, too_slow);
    check(&["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell"], quick, too_slow);
}

#[test]
fn a_host_that_stops_sending_is_not_waited_for() {
    for answer in ["", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell"] {
        let url = format!("http://{}/a.png?token=secret", serve(&[answer]));
        let mut client = client();
        client.web.silence_limit = Duration::from_millis(200);
        let error = client.get(&url, LIMITS, &mut Vec::new()).unwrap_err();
        let expect = "127.0.0.1 has sent nothing for 200ms; try again later or use another host";
        assert_eq!(error.to_string(), expect);
    }
}

/// Takes nothing, as a full disk does, and notes the largest piece that it was given.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.max(bytes.len());
        Err(io::ErrorKind::StorageFull.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_file_that_cannot_be_kept_is_no_fault_of_its_host() {
    let here = serve(&["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"]);
    let error = client().get(&format!("http://{here}/a"), LIMITS, &mut Full(0)).unwrap_err();
    assert!(matches!(&error, FetchError::Keep(error) if error.kind() == io::ErrorKind::StorageFull), "{error:?}");
}

#[test]
fn what_is_fetched_is_handed_on_in_pieces() {
    struct Pieces(usize, u64);
    impl Write for Pieces {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self.0.max(bytes.len());
            self.1 += bytes.len() as u64;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    // A body without an end.
    let mut endless = io::repeat(b'x');
    let mut pieces = Pieces(0, 0);
    let copied = copy(&mut endless, 10 << 20, &mut pieces).unwrap_or_default();
    assert!(copied > 10 << 20 && copied <= (10 << 20) + BUFFER_BYTES as u64);
    assert!(pieces.0 <= BUFFER_BYTES && pieces.1 <= 10 << 20, "{} {}", pieces.0, pieces.1);
}

#[test]
fn a_broken_answer_is_an_error() {
    let cut = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 50\r\n\r\nhello";
    check(&[cut], LIMITS, "127.0.0.1 cannot be read (Peer disconnected); try again later");
    check(&["close"], LIMITS, "127.0.0.1 cannot be read (the answer is not HTTP); try again later");
}

#[track_caller]
fn check_refused(url: &str, expect: &str) {
    let error = Client::new(Policy::default()).get(url, LIMITS, &mut io::sink()).unwrap_err().to_string();
    assert_eq!(error, expect);
}

#[test]
fn addresses_that_are_not_public_are_refused_in_every_spelling() {
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0.0.0.0",
        "10.0.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "[ff02::1]",
        "[64:ff9b::127.0.0.1]",
    ] {
        let url = format!("http://{host}:9/?token=secret");
        let error = Client::new(Policy::default()).get(&url, LIMITS, &mut io::sink()).unwrap_err();
        assert!(matches!(error, FetchError::Refused { .. }), "{host}: {error}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}

#[test]
fn what_is_no_fetchable_url_is_refused() {
    for url in ["", "a.png", "http:a", "http://", "http:///a", "http://[::1", "http://h:99999999/", "://h", "1a://h"] {
        check_refused(url, "no URL with a host; write https://host/path");
    }
    for scheme in ["ftp", "gopher", "azure"] {
        let expect = format!("{scheme}:// is not fetched; give an https:// URL, which the storage can sign");
        check_refused(&format!("{scheme}://bucket/a.png"), &expect);
    }
    for scheme in ["s3", "gs", "az"] {
        let place = format!("{scheme}://bucket");
        let expect =
            format!("{place} is not a bucket that may be read; the operator can allow it with --allow-bucket {place}");
        check_refused(&format!("{place}/a.png"), &expect);
    }
    check_refused(
        "https://user:secret@127.0.0.1/",
        "the URL of 127.0.0.1 holds a user name or password; use a signed URL instead",
    );
}

#[cfg(unix)]
#[test]
fn files_are_read_below_the_media_roots_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::create_dir_all(path("media/inner")).unwrap();
    std::fs::write(path("media/a b.txt"), "inside").unwrap();
    std::fs::write(path("secret.txt"), "outside").unwrap();
    std::os::unix::fs::symlink(path("secret.txt"), path("media/link.txt")).unwrap();
    std::os::unix::fs::symlink(path("media/a b.txt"), path("media/inner/link.txt")).unwrap();
    std::os::unix::fs::symlink(folder.path(), path("media/up")).unwrap();
    std::os::unix::fs::symlink(path("media"), path("root")).unwrap();
    let client = Client::new(Policy { media_roots: vec![path("root"), path("missing")], ..Policy::default() });
    let get = |url: &str, size_bytes| {
        let mut bytes = Vec::new();
        match client.get(url, Limits { size_bytes, ..LIMITS }, &mut bytes) {
            Ok(_) => String::from_utf8(bytes).unwrap(),
            Err(error) => error.to_string(),
        }
    };
    let base = folder.path().to_str().unwrap();
    for url in
        ["file://{base}/root/a%20b.txt", "FILE://localhost{base}/root/a b.txt", "file://{base}/root/inner/link.txt"]
    {
        assert_eq!(get(&url.replace("{base}", base), 100), "inside", "{url}");
    }
    assert_eq!(get(&format!("file://{base}/media/a b.txt?x#y"), 100), "inside", "the root by its other name");
    for url in [
        "file://{base}/secret.txt",
        "file://{base}/nothing",
        "file://{base}/root/link.txt",
        "file://{base}/root/up/secret.txt",
        "file://{base}/root/../secret.txt",
        "file://{base}/root/%2e%2e/secret.txt",
        "file://{base}/root/..%2fsecret.txt",
        "file://host{base}/root/a b.txt",
        "file:///etc/passwd",
        "file:////etc/passwd",
        "file://{base}/rooted",
    ] {
        assert_eq!(get(&url.replace("{base}", base), 100), FetchError::OutsideRoots.to_string(), "{url}");
    }
    let too_large = "the file at file:// is larger than 5 bytes; make it smaller";
    assert_eq!(get(&format!("file://{base}/root/a b.txt"), 5), too_large);
    for url in ["file://{base}/root/inner", "file://{base}/root/none.txt"] {
        let outcome = get(&url.replace("{base}", base), 100);
        assert!(outcome.starts_with("the file of the file:// URL cannot be read ("), "{url}: {outcome}");
    }
    for url in ["file://", "file://a", "file:///%zz", "file:///%00", "file:///%f", "file:///%ff"] {
        assert_eq!(get(url, 100), FetchError::NotAUrl.to_string(), "{url}");
    }
}

#[test]
fn one_client_serves_all_threads() {
    fn is_shared<T: Send + Sync>() {}
    is_shared::<Client>();
}

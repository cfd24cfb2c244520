//! An object store for tests: the server in this process, and a proxy before it that fails as planned.

use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

/// The bucket that is there.
pub(crate) const BUCKET: &str = "labels";
const KEY: &str = "key";
const SECRET: &str = "secret";

/// What the proxy does about a request instead of handing it on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Answers that something is broken.
    Broken,
    /// Answers that there is too much to do.
    Busy,
    /// Answers that this is not allowed.
    Forbidden,
    /// Answers that there is no such bucket.
    NoBucket,
    /// Closes the connection instead.
    Cut,
    /// Hands the request on, and closes the connection in the middle of the answer.
    CutAnswer,
    /// Hands the request on, and closes the connection before the answer.
    LoseAnswer,
    /// Answers nothing, for as long as the client waits.
    Hold,
    /// Hands the request on and answers nothing.
    HoldAnswer,
}

/// Which requests a fault is for.
#[derive(Debug, Clone)]
pub(crate) struct Planned {
    /// What the first line of the request holds, such as `PUT /labels/x`.
    pub(crate) line: &'static str,
    /// How many there are.
    pub(crate) times: usize,
    /// What is done.
    pub(crate) fault: Fault,
}

/// A server with a bucket, and the proxy before it.
pub(crate) struct ObjectServer {
    root: TempDir,
    proxy: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    planned: Vec<Planned>,
    /// How many requests were handed on whose answers are held.
    held: usize,
}

impl ObjectServer {
    /// Starts both.
    pub(crate) fn start() -> Self {
        let root = TempDir::new().unwrap();
        std::fs::create_dir(root.path().join(BUCKET)).unwrap();
        let upstream = serve(root.path());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (proxy, state) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(State::default())));
        let known = Arc::clone(&state);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let state = Arc::clone(&known);
                // A client that goes away in the middle is no failure of a test.
                std::thread::spawn(move || drop(pass(client, upstream, &state)));
            }
        });
        Self { root, proxy, state }
    }

    /// Returns the environment with which a client reaches the server.
    pub(crate) fn environment(&self) -> BTreeMap<String, String> {
        let pairs = [
            ("AWS_ENDPOINT", format!("http://{}", self.proxy)),
            ("AWS_ACCESS_KEY_ID", KEY.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", SECRET.to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
        ];
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// Makes requests fail from now on, in this order.
    pub(crate) fn plan(&self, planned: &[Planned]) {
        self.state.lock().unwrap().planned = planned.to_vec();
    }

    /// Returns whether all that was planned has happened.
    pub(crate) fn is_as_planned(&self) -> bool {
        self.state.lock().unwrap().planned.iter().all(|planned| planned.times == 0)
    }

    /// Returns whether a request is held.
    pub(crate) fn is_holding(&self) -> bool {
        self.state.lock().unwrap().held > 0
    }

    /// Returns the keys of what the bucket holds, in order.
    pub(crate) fn keys(&self) -> Vec<String> {
        let mut keys = Vec::new();
        let root = self.root.path().join(BUCKET);
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in folder.read_dir().unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => folders.push(path),
                    false => keys.push(path.strip_prefix(&root).unwrap().display().to_string()),
                }
            }
        }
        keys.sort();
        keys
    }

    /// Returns how many objects were begun in pieces and are neither complete nor given up.
    pub(crate) fn count_begun(&self) -> usize {
        let names = self.root.path().read_dir().unwrap().map(|entry| entry.unwrap().file_name());
        names.filter(|name| name.to_string_lossy().starts_with(".upload")).count()
    }

    /// Returns an object of the bucket.
    pub(crate) fn read(&self, key: &str) -> Vec<u8> {
        std::fs::read(self.root.path().join(BUCKET).join(key)).unwrap()
    }

    /// Puts an object into the bucket.
    pub(crate) fn write(&self, key: &str, bytes: &[u8]) {
        std::fs::write(self.root.path().join(BUCKET).join(key), bytes).unwrap();
    }

    /// Returns names of what is next to the bucket.
    pub(crate) fn names(&self) -> Vec<String> {
        self.root.path().read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

/// Serves a folder, whose folders are buckets.
fn serve(root: &std::path::Path) -> SocketAddr {
    let mut builder = S3ServiceBuilder::new(s3s_fs::FileSystem::new(root).unwrap());
    builder.set_auth(SimpleAuth::from_single(KEY, SECRET));
    let service = builder.build();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            while let Ok((socket, _)) = listener.accept().await {
                let connection = http1::Builder::new().serve_connection(TokioIo::new(socket), service.clone());
                tokio::spawn(async move { drop(connection.await) });
            }
        });
    });
    address
}

/// Hands the requests of a connection on.
fn pass(mut client: TcpStream, upstream: SocketAddr, state: &Mutex<State>) -> std::io::Result<()> {
    while let Some((head, body)) = read_request(&mut client)? {
        let line = head.lines().next().unwrap_or_default().to_owned();
        let fault = {
            let mut state = state.lock().unwrap();
            let state = &mut *state;
            let planned = state.planned.iter_mut().find(|planned| planned.times > 0 && line.contains(planned.line));
            planned.map(|planned| {
                planned.times -= 1;
                state.held += usize::from(planned.fault == Fault::Hold);
                planned.fault
            })
        };
        let refuse = |client: &mut TcpStream, status: &str, code: &str| {
            let text = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>no</Message></Error>");
            write!(client, "HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{text}", text.len())
        };
        match fault {
            Some(Fault::Broken) => refuse(&mut client, "500 Internal Server Error", "InternalError")?,
            Some(Fault::Busy) => refuse(&mut client, "503 Slow Down", "SlowDown")?,
            Some(Fault::Forbidden) => refuse(&mut client, "403 Forbidden", "AccessDenied")?,
            Some(Fault::NoBucket) => refuse(&mut client, "404 Not Found", "NoSuchBucket")?,
            Some(Fault::Cut) => return client.shutdown(Shutdown::Both),
            Some(Fault::LoseAnswer) => {
                ask(upstream, &head, &body)?;
                return client.shutdown(Shutdown::Both);
            }
            Some(Fault::Hold) => return client.read(&mut [0]).map(drop),
            Some(Fault::HoldAnswer) => {
                ask(upstream, &head, &body)?;
                state.lock().unwrap().held += 1;
                return client.read(&mut [0]).map(drop);
            }
            Some(Fault::CutAnswer) => {
                let answer = ask(upstream, &head, &body)?;
                client.write_all(&answer[..answer.len() - answer.len() / 3])?;
                return client.shutdown(Shutdown::Both);
            }
            None => {
                client.write_all(&ask(upstream, &head, &body)?)?;
                // The server closed its connection, which the answer says.
                return client.shutdown(Shutdown::Both);
            }
        }
    }
    Ok(())
}

/// Reads a request: its head and its body.
fn read_request(client: &mut TcpStream) -> std::io::Result<Option<(String, Vec<u8>)>> {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 64 << 10]);
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        match client.read(&mut buffer)? {
            0 => return Ok(None),
            count => bytes.extend_from_slice(&buffer[..count]),
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().unwrap())
    });
    while bytes.len() < end + length.unwrap_or(0) {
        match client.read(&mut buffer)? {
            0 => return Ok(None),
            count => bytes.extend_from_slice(&buffer[..count]),
        }
    }
    Ok(Some((head, bytes[end..].to_vec())))
}

/// Sends a request to the server, and returns its whole answer.
fn ask(upstream: SocketAddr, head: &str, body: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut server = TcpStream::connect(upstream)?;
    let head = head.strip_suffix("\r\n").unwrap_or(head);
    server.write_all(format!("{head}connection: close\r\n\r\n").as_bytes())?;
    server.write_all(body)?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer)?;
    Ok(answer)
}

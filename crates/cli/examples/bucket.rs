//! An object store for the tests of other programs: it prints the variables by which it is reached, and serves until its
//! standard input ends.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test that cannot go on fails there")]

#[path = "../../engine/tests/it/object_server.rs"]
#[expect(dead_code, reason = "the tests of the engine make it fail as planned")]
mod object_server;

use std::io::Read;

fn main() {
    let server = object_server::ObjectServer::start();
    for (name, value) in server.environment() {
        println!("{name}={value}");
    }
    println!("LABELPORT_TEST_RESULTS=s3://{}/tests", object_server::BUCKET);
    println!();
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

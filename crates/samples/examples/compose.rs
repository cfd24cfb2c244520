//! Writes the rows of a workload to standard output: `compose image 100000`.

use labelport_samples::WORKLOADS;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (name, count) = (arguments.next().unwrap_or_default(), arguments.next().and_then(|text| text.parse().ok()));
    let workload = WORKLOADS.iter().find(|workload| workload.name == name);
    let (Some(workload), Some(count)) = (workload, count) else {
        let names: Vec<&str> = WORKLOADS.iter().map(|workload| workload.name).collect();
        let message = format!("usage: compose WORKLOAD COUNT, where WORKLOAD is one of {}\n", names.join(", "));
        return match io::stderr().write_all(message.as_bytes()) {
            Ok(()) | Err(_) => ExitCode::from(2),
        };
    };
    let mut out = BufWriter::with_capacity(1 << 20, io::stdout().lock());
    match (workload.write)(count, &mut out).and_then(|()| out.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

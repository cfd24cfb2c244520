//! The `labelport` command.

fn main() {}

//! The program; all of it is in the library beside, for the Python package to call as well.

use std::process::ExitCode;

fn main() -> ExitCode {
    bragg_cli::main(std::env::args_os().collect()).into()
}

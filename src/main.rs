//! The program: parses the command line, calls the library, exits with its code.

fn main() -> std::process::ExitCode {
    apportion::cli::main()
}

//! The program `outdial`.

fn main() -> std::process::ExitCode {
    outdial::run()
}

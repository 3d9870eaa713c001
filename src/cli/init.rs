//! `apportion init`

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::exit::Failure;
use super::load::quoted_path;
use super::{Exit, Global};

/// The scenario that `init` writes.
const STARTER: &str = include_str!("init/starter.toml");
/// The schema beside it, which its first line names.
const SCHEMA_FILE: &str = "scenario.schema.json";

/// Write a commented scenario to start from, and the schema for editors beside it
#[derive(Debug, clap::Args)]
pub(super) struct Init {
    /// The scenario file; what exists is never replaced
    #[arg(default_value = "scenario.toml")]
    file: PathBuf,
}

impl Init {
    pub(super) fn execute(&self, global: &Global, output: &mut dyn Write) -> Result<Exit, Failure> {
        create(&self.file, STARTER)?.ok_or_else(|| {
            Failure::usage(format!(
                "error: {} exists, and is not replaced: name another file",
                self.file.display()
            ))
        })?;
        let schema = self.file.with_file_name(SCHEMA_FILE);
        if create(&schema, &(crate::scenario::schema().trim_end().to_owned() + "\n"))?.is_none() {
            global.note(&format!("{} is there already, and stays as it is", schema.display()));
        }
        writeln!(output, "apportion run {}", quoted_path(&self.file))?;
        Ok(Exit::Done)
    }
}

/// Writes a file that does not exist; `None` when it does.
fn create(path: &Path, text: &str) -> Result<Option<()>, Failure> {
    let failed =
        |error| Failure::new(Exit::InputOutput, format!("error: {}: {error}", path.display()));
    let mut file = match std::fs::File::create_new(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    file.write_all(text.as_bytes()).map_err(failed)?;
    Ok(Some(()))
}

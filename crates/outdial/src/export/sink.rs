//! Where an export goes: a file that appears when it is complete, or standard output.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::path::{Path, PathBuf};

/// Where an export goes.
pub(super) struct Sink {
    out: Out,
}

enum Out {
    File {
        file: BufWriter<File>,
        partial: PathBuf,
        path: PathBuf,
    },
    Stdout {
        out: BufWriter<io::Stdout>,
        closed: bool,
    },
}

impl Sink {
    /// Opens a file, or standard output.
    pub(super) fn open(path: Option<&Path>) -> Result<Self, String> {
        let Some(path) = path.filter(|path| *path != Path::new("-")) else {
            let out = BufWriter::new(io::stdout());
            return Ok(Self {
                out: Out::Stdout { out, closed: false },
            });
        };
        let mut partial = path.as_os_str().to_owned();
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        let file = File::create(&partial)
            .map_err(|error| format!("{} cannot be written: {error}", partial.display()))?;
        let file = BufWriter::new(file);
        Ok(Self {
            out: Out::File {
                file,
                partial,
                path: path.to_owned(),
            },
        })
    }

    /// Whether a person would see the bytes.
    pub(super) fn is_terminal(&self) -> bool {
        matches!(self.out, Out::Stdout { .. }) && io::stdout().is_terminal()
    }

    /// The file gets its name.
    pub(super) fn finish(mut self) -> Result<(), String> {
        self.flush().map_err(|error| error.to_string())?;
        if let Out::File {
            file,
            partial,
            path,
        } = &mut self.out
        {
            let named = file
                .get_ref()
                .sync_all()
                .and_then(|()| std::fs::rename(&*partial, &*path));
            named.map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
            // Nothing is left to clear away.
            *partial = PathBuf::new();
        }
        Ok(())
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        if let Out::File { partial, .. } = &self.out
            && !partial.as_os_str().is_empty()
        {
            // An export that broke off leaves nothing that looks like one; if that fails, the name still
            // says `.partial`.
            let _ = std::fs::remove_file(partial);
        }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.out {
            Out::File { file, .. } => file.write(bytes),
            Out::Stdout { closed: true, .. } => Ok(bytes.len()),
            Out::Stdout { out, closed } => match out.write(bytes) {
                // A reader that has seen enough (`| head`) is no failure.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                    *closed = true;
                    Ok(bytes.len())
                }
                result => result,
            },
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.out {
            Out::File { file, .. } => file.flush(),
            Out::Stdout { closed: true, .. } => Ok(()),
            Out::Stdout { out, .. } => match out.flush() {
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
                result => result,
            },
        }
    }
}

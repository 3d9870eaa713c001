//! Whoever reads our output may stop reading.

use std::io::{self, ErrorKind, Write};

/// Passes everything on until the reader is gone, and from then on swallows it: the command still does
/// its work and exits with its own code, so `apportion check | head` fails when a check does.
pub(super) struct Forgiving<'a> {
    output: &'a mut dyn Write,
    is_gone: bool,
}

impl<'a> Forgiving<'a> {
    pub(super) fn new(output: &'a mut dyn Write) -> Self {
        Forgiving { output, is_gone: false }
    }

    fn forgive<T>(&mut self, result: io::Result<T>, instead: T) -> io::Result<T> {
        match result {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.is_gone = true;
                Ok(instead)
            }
            other => other,
        }
    }
}

impl Write for Forgiving<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_gone {
            return Ok(bytes.len());
        }
        let result = self.output.write(bytes);
        self.forgive(result, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.is_gone {
            return Ok(());
        }
        let result = self.output.flush();
        self.forgive(result, ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes so many writes and then fails.
    struct Failing(usize, ErrorKind);

    impl Write for Failing {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.0 == 0 {
                return Err(self.1.into());
            }
            self.0 -= 1;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_left_is_forgiven_and_a_full_disk_is_not() {
        let mut left = Failing(1, ErrorKind::BrokenPipe);
        let mut output = Forgiving::new(&mut left);
        for _ in 0..3 {
            output.write_all(b"line\n").expect("forgiven");
        }
        assert!(output.is_gone);
        let mut full = Failing(1, ErrorKind::StorageFull);
        let mut output = Forgiving::new(&mut full);
        output.write_all(b"line\n").expect("there is room for one");
        assert!(output.write_all(b"line\n").is_err());
    }
}

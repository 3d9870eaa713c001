//! Aligned columns for a terminal.

use super::terminal::{Paint, Tone};

/// A table whose first column is flush left and the others flush right.
pub(crate) struct TextTable {
    rows: Vec<(Tone, Vec<String>)>,
}

const GAP: usize = 2;
/// A first column is never cut below this.
const LEAST_NAME: usize = 10;

impl TextTable {
    pub(crate) fn new(header: &[&str]) -> Self {
        let header = header.iter().map(|name| (*name).to_owned()).collect();
        TextTable { rows: vec![(Tone::Faint, header)] }
    }

    pub(crate) fn row(&mut self, tone: Tone, cells: Vec<String>) {
        self.rows.push((tone, cells));
    }

    /// Removes the columns after the first in which no row has anything but `nothing`.
    pub(crate) fn drop_empty(&mut self, nothing: &[&str]) {
        let Some((_, header)) = self.rows.first() else { return };
        for column in (1..header.len()).rev() {
            let says_nothing = |cells: &Vec<String>| nothing.contains(&cells[column].as_str());
            if self.rows[1..].iter().all(|(_, cells)| says_nothing(cells)) {
                self.rows.iter_mut().for_each(|(_, cells)| drop(cells.remove(column)));
            }
        }
    }

    /// The table, at most `width` columns wide where shortening the names can achieve that.
    pub(crate) fn print(&self, paint: Paint, width: usize) -> String {
        let columns = self.rows.first().map_or(0, |(_, header)| header.len());
        let widest = |column: usize| {
            let cells = self.rows.iter().map(|(_, cells)| cells[column].chars().count());
            cells.max().unwrap_or(0)
        };
        let mut widths: Vec<usize> = (0..columns).map(widest).collect();
        let others: usize = widths.iter().skip(1).map(|column| column + GAP).sum();
        if let Some(name) = widths.first_mut() {
            *name = (*name).min(width.saturating_sub(others).max(LEAST_NAME));
        }
        let mut text = String::new();
        for (tone, cells) in &self.rows {
            let mut line = String::new();
            for (column, (cell, width)) in cells.iter().zip(&widths).enumerate() {
                if column == 0 {
                    line.push_str(&format!("{:<width$}", shortened(cell, *width)));
                } else {
                    line.push_str(&format!("{:GAP$}{cell:>width$}", ""));
                }
            }
            text.push_str(&paint.apply(*tone, line.trim_end()));
            text.push('\n');
        }
        text
    }
}

/// `text` cut to `width` characters, with a mark where it was cut.
pub(crate) fn shortened(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(width.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

/// A label and parts joined by dots, wrapped under the first part.
pub(crate) fn wrapped(paint: Paint, label: &str, parts: &[String], width: usize) -> String {
    const INDENT: usize = 11;
    let mut lines = vec![String::new()];
    for part in parts {
        let line = lines.last_mut().expect("there is always a line");
        let joined = line.chars().count() + 3 + part.chars().count();
        if line.is_empty() {
            line.push_str(part);
        } else if INDENT + joined <= width {
            line.push_str(" · ");
            line.push_str(part);
        } else {
            lines.push(part.clone());
        }
    }
    let mut text = paint.apply(Tone::Faint, &format!("{label:<INDENT$}"));
    text.push_str(&lines.join(&format!("\n{:INDENT$}", "")));
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::super::terminal::Style;
    use super::*;

    #[test]
    fn columns_align_and_long_names_give_way() {
        let mut table = TextTable::new(&["", "submitted", "refused"]);
        table.row(Tone::Plain, vec!["é".repeat(40), "25,000".into(), "0".into()]);
        table.row(Tone::Plain, vec!["b".into(), "1".into(), "0".into()]);
        table.drop_empty(&["0"]);
        let text = table.print(Paint::new(Style::Plain), 30);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], format!("{:19}  submitted", ""));
        assert_eq!(lines[1], format!("{}…     25,000", "é".repeat(18)));
        assert_eq!(lines[2], format!("b{:28}1", ""));
    }

    #[test]
    fn long_lines_wrap_under_their_first_part() {
        let parts = ["a".repeat(10), "b".repeat(10), "c".repeat(10)];
        let text = wrapped(Paint::new(Style::Plain), "label", &parts, 36);
        assert_eq!(text, "label      aaaaaaaaaa · bbbbbbbbbb\n           cccccccccc\n");
    }
}

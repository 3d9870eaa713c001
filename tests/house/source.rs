//! Rust source as the rules read it: code without comments and text, comments without code.

use std::fs;
use std::path::Path;

/// A file. `code` and `comments` have blanks for what is left out, so all three have the same lines.
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
    pub(crate) code: String,
    pub(crate) comments: String,
}

/// All Rust files below `folders`, in the order of their paths; folders that do not exist have none.
pub(crate) fn rust_files(folders: &[&str]) -> Vec<Source> {
    let mut files = Vec::new();
    for folder in folders {
        collect(Path::new(folder), &mut files);
    }
    files.sort_by(|a: &Source, b: &Source| a.path.cmp(&b.path));
    files
}

fn collect(folder: &Path, files: &mut Vec<Source>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("source is text");
            let path = path.to_string_lossy().replace('\\', "/");
            files.push(Source::new(&path, &text));
        }
    }
}

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let (code, comments) = separate(text);
        Source { path: path.to_owned(), text: text.to_owned(), code, comments }
    }

    /// The file up to its own test module, which by custom is last.
    pub(crate) fn without_tests(mut self) -> Self {
        if let Some(at) = self.start_of_tests() {
            self.code.truncate(at);
        }
        self
    }

    /// Where an inline test module begins in the code.
    pub(crate) fn start_of_tests(&self) -> Option<usize> {
        let at = self.code.find("#[cfg(test)]\nmod tests {")?;
        Some(at)
    }

    /// Line number of a place in the code, from 1.
    pub(crate) fn line_of(&self, at: usize) -> usize {
        self.code[..at].matches('\n').count() + 1
    }

    /// The words of the code with their places.
    pub(crate) fn words_at(&self) -> impl Iterator<Item = (usize, &str)> {
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        let start = self.code.as_ptr() as usize;
        self.code
            .split(move |c| !is_part(c))
            .filter(|word| !word.is_empty())
            .map(move |word| (word.as_ptr() as usize - start, word))
    }

    /// The words of the code with their lines.
    pub(crate) fn words(&self) -> impl Iterator<Item = (usize, &str)> {
        self.words_at().map(|(at, word)| (self.line_of(at), word))
    }
}

/// Splits a text into code and comments; quoted text is in neither.
fn separate(text: &str) -> (String, String) {
    let characters: Vec<char> = text.chars().collect();
    let (mut code, mut comments) = (String::new(), String::new());
    let mut at = 0;
    while at < characters.len() {
        let rest = &characters[at..];
        let (length, kind) = token(rest, code.chars().next_back());
        for character in &rest[..length] {
            let blank = if *character == '\n' { '\n' } else { ' ' };
            code.push(if kind == Kind::Code { *character } else { blank });
            comments.push(if kind == Kind::Comment { *character } else { blank });
        }
        at += length;
    }
    (code, comments)
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Code,
    Comment,
    Quoted,
}

/// Length and kind of what comes next.
fn token(rest: &[char], before: Option<char>) -> (usize, Kind) {
    let second = rest.get(1).copied();
    let begins_word = !before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    match rest[0] {
        '/' if second == Some('/') => {
            (rest.iter().position(|c| *c == '\n').unwrap_or(rest.len()), Kind::Comment)
        }
        '/' if second == Some('*') => (block_comment(rest), Kind::Comment),
        '"' => (quoted(rest, '"'), Kind::Quoted),
        'r' if begins_word && raw(rest).is_some() => (raw(rest).unwrap_or(1), Kind::Quoted),
        // A life time has no closing quote after one character.
        '\'' if second == Some('\\') || rest.get(2) == Some(&'\'') => {
            (quoted(rest, '\''), Kind::Quoted)
        }
        _ => (1, Kind::Code),
    }
}

fn block_comment(rest: &[char]) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at + 1 < rest.len() {
        match (rest[at], rest[at + 1]) {
            ('/', '*') => (depth, at) = (depth + 1, at + 2),
            ('*', '/') => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

fn quoted(rest: &[char], mark: char) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            '\\' => at += 2,
            c if c == mark => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// Length of a raw string, if one begins here.
fn raw(rest: &[char]) -> Option<usize> {
    let hashes = rest[1..].iter().take_while(|c| **c == '#').count();
    if rest.get(1 + hashes) != Some(&'"') {
        return None;
    }
    let end: Vec<char> = std::iter::once('"').chain("#".repeat(hashes).chars()).collect();
    let body = &rest[2 + hashes..];
    let found = body.windows(end.len()).position(|window| window == end);
    Some(found.map_or(rest.len(), |found| 2 + hashes + found + end.len()))
}

#[test]
fn code_comments_and_quoted_text_are_told_apart() {
    let text = "a /* b /* c */ d */ e // f\n\"g \\\" // h\" r#\"i \"j\" \"# 'k' '\\'' &'l m b\"n\" \"o\np\" q";
    let source = Source::new("a.rs", text);
    let words: Vec<(usize, &str)> = source.words().collect();
    assert_eq!(words, [(1, "a"), (1, "e"), (2, "l"), (2, "m"), (2, "b"), (3, "q")]);
    let comments: Vec<&str> = source.comments.split_whitespace().collect();
    assert_eq!(comments, ["/*", "b", "/*", "c", "*/", "d", "*/", "//", "f"]);
    assert_eq!(source.code.lines().count(), text.lines().count());
}

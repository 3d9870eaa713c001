//! "Did you mean …?"

/// The candidate nearest to `written`, when it is near enough to be what was meant.
///
/// Near enough is an edit distance of at most a third of the longer name, and at least one. Among
/// equally near candidates the first wins.
pub(crate) fn nearest<'a>(
    written: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let written: Vec<char> = written.chars().take(LONGEST).collect();
    let mut best = None;
    for candidate in candidates {
        let letters: Vec<char> = candidate.chars().take(LONGEST).collect();
        let longer = written.len().max(letters.len());
        if written.len().abs_diff(letters.len()) > longer / 3 + 1 {
            continue;
        }
        let distance = edit_distance(&written, &letters);
        let near_enough = distance <= (longer / 3).max(1) && distance < longer;
        if near_enough && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Names are compared in their first letters only, so that a whole file as a name costs nothing.
const LONGEST: usize = 64;

/// Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment) that
/// turn `a` into `b`; letters that differ only in case, or `-` for `_`, are the same.
fn edit_distance(a: &[char], b: &[char]) -> usize {
    let same = |x: char, y: char| {
        let plain = |c: char| if c == '_' { '-' } else { c.to_ascii_lowercase() };
        plain(x) == plain(y)
    };
    let mut before_last = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let substituted = last[j - 1] + usize::from(!same(a[i - 1], b[j - 1]));
            row[j] = substituted.min(last[j] + 1).min(row[j - 1] + 1);
            let swapped = i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]);
            if swapped {
                row[j] = row[j].min(before_last[j - 2] + 1);
            }
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

/// `a, b and c`, each in backquotes; at most twenty of them, then how many more.
pub(crate) fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 20;
    let names: Vec<&str> = names.into_iter().collect();
    let mut quoted: Vec<String> = names.iter().take(SHOWN).map(|n| format!("`{n}`")).collect();
    if names.len() > SHOWN {
        quoted.push(format!("{} more", names.len() - SHOWN));
    }
    match quoted.pop() {
        None => String::new(),
        Some(last) if quoted.is_empty() => last,
        Some(last) => format!("{} and {last}", quoted.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distance(a: &str, b: &str) -> usize {
        edit_distance(&a.chars().collect::<Vec<_>>(), &b.chars().collect::<Vec<_>>())
    }

    #[test]
    fn distances_worked_by_hand() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("duration", "duraiton"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("first_wait", "first-wait"), 0);
    }

    #[test]
    fn only_near_names_are_suggested() {
        let names = ["duration", "drain", "description"];
        assert_eq!(nearest("duraton", names), Some("duration"));
        assert_eq!(nearest("dran", names), Some("drain"));
        assert_eq!(nearest("colour", names), None);
        assert_eq!(nearest("x", ["y"]), None);
        assert_eq!(nearest("", names), None);
    }

    #[test]
    fn lists_read_like_a_sentence() {
        assert_eq!(list(["a"]), "`a`");
        assert_eq!(list(["a", "b", "c"]), "`a`, `b` and `c`");
        assert_eq!(list([]), "");
    }
}

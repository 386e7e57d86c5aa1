//! What stood on a terminal, compared with what should.

/// Whether `shown` is what `expected` shows, but for times and for what stands for `...`, a line of its own.
pub(crate) fn is_as_shown(expected: &str, shown: &str) -> bool {
    // The terminal echoes Ctrl-C where the cursor happens to stand.
    let shown = shown.replace("^C", "");
    let mut shown = shown.lines().map(without_times);
    let mut anything = false;
    for line in expected.lines() {
        if line == "..." {
            anything = true;
            continue;
        }
        let line = without_times(line);
        let found = if anything { shown.any(|shown| shown == line) } else { shown.next() == Some(line) };
        if !found {
            return false;
        }
        anything = false;
    }
    anything || shown.next().is_none()
}

/// Times go on while somebody reads, and with them the width of their columns.
fn without_times(line: &str) -> String {
    let is_time = |word: &str| {
        let word = word.trim_matches(['"', ',', ';', '.', '(', ')']);
        let date = word.len() > 19 && word.get(4..5) == Some("-") && word.get(10..11) == Some("T");
        date || (word.starts_with(|c: char| c.is_ascii_digit())
            && word.ends_with(['s', 'm', 'h', 'd'])
            && word.chars().rev().skip(1).all(|c| c.is_ascii_digit()))
    };
    line.split_whitespace().filter(|word| !is_time(word)).collect::<Vec<_>>().join(" ")
}

#[test]
fn times_may_differ_and_nothing_else() {
    let expected = "Name     Idle\nbuild-7  1h 3m\n...\nbuild-9  5s\n";
    assert!(is_as_shown(expected, "Name     Idle\nbuild-7  2h\nbuild-8  9s\nbuild-9  12m 1s\n"));
    assert!(!is_as_shown(expected, "Name     Idle\nbuild-8  1h 3m\nbuild-9  5s\n"));
    assert!(!is_as_shown(expected, "Name     Idle\nbuild-7  1h 3m\nbuild-9  5s\nbuild-10  5s\n"));
    assert!(!is_as_shown(expected, "Name     Idle\nbuild-7  1h 3m\n"));
}

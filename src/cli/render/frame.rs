//! One frame of a screen that is drawn again and again: as much of a table as there is room for, and a line below it.

/// Lines that neither a table nor the lines below it take: how much is left out, and the line where progress is shown.
const RESERVED: usize = 2;

/// The fewest lines of a table: its header, and a session.
const LEAST: usize = 2;

/// A table with a few lines below it on a screen of this height.
pub(crate) fn frame(table: &str, below: &str, height: Option<usize>) -> String {
    let lines: Vec<&str> = table.lines().collect();
    let room = height
        .map_or(usize::MAX, |height| height.saturating_sub(RESERVED + below.lines().count()).max(LEAST));
    let mut text = String::new();
    for line in lines.iter().take(room) {
        text.push_str(line);
        text.push('\n');
    }
    let hidden = lines.len().saturating_sub(room);
    if hidden > 0 {
        text.push_str(&format!("… {hidden} more\n"));
    }
    text.push_str(below);
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_never_taller_than_its_screen() {
        let table = (0..9).map(|number| format!("row {number}\n")).collect::<String>();
        assert_eq!(frame("Id\n1", "1 session", Some(24)), "Id\n1\n1 session\n");
        assert_eq!(frame(&table, "9 sessions", None).lines().count(), 10);
        assert_eq!(frame(&table, "9 sessions", Some(12)).lines().count(), 10);
        for height in 5..12 {
            let text = frame(&table, "9 sessions", Some(height));
            assert!(text.lines().count() < height, "{height}:\n{text}");
            assert!(
                text.contains(&format!("… {} more\n", 12 - height)) && text.ends_with("9 sessions\n"),
                "{text}"
            );
        }
        assert_eq!(frame("", "no session matches", Some(24)), "no session matches\n");
    }
}

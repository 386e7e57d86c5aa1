//! Text in columns, on one line a row where there is room, else with what must stay whole on a second line.

use comfy_table::{ColumnConstraint, ContentArrangement, Row, Table, TableStyle, Width};

/// A header and its rows, each as long as the header.
#[derive(Clone)]
pub(super) struct Grid {
    header: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

/// Columns that stay readable are at least this wide.
const LEAST_WIDTH: usize = 8;

/// What stands between two columns.
const GAP: usize = 2;

impl Grid {
    pub(super) fn new(header: Vec<&'static str>, rows: Vec<Vec<String>>) -> Self {
        Self { header, rows }
    }

    /// One line a row, however long: grep wants it so, and an id that is cut cannot be copied.
    pub(super) fn text(&self) -> String {
        lines(&self.table()).join("\n")
    }

    /// At most `width` columns where that is possible. If one line does not do, columns go to a second, indented one,
    /// whole: the first group of `below`, and the next where that is not enough. Then columns are shortened: those of
    /// `cut` group by group, of a group the widest first.
    pub(super) fn within(&self, width: usize, below: &[&[&str]], cut: &[&[&str]]) -> String {
        if total(&self.widths()) <= width {
            return self.text();
        }
        let mut first = self.clone();
        for groups in 1..=below.len() {
            let names: Vec<&str> =
                below.iter().take(groups).flat_map(|group| group.iter().copied()).collect();
            first = self.clone();
            let second = first.take(&names);
            let widths = first.shortened(width, cut);
            if total(&widths) <= width || groups == below.len() {
                return first.text_over(&widths, &second);
            }
        }
        first.text()
    }

    /// Each row in columns of these widths, and below it its second line.
    fn text_over(&self, widths: &[usize], second: &[String]) -> String {
        let mut table = self.table();
        for (column, width) in table.column_iter_mut().zip(widths) {
            // The constraint counts the padding.
            let width = Width::Fixed(u16::try_from(width.saturating_add(GAP)).unwrap_or(u16::MAX));
            column.set_constraint(ColumnConstraint::Absolute(width));
        }
        let pairs = lines(&table).into_iter().zip(second);
        pairs.map(|(first, second)| format!("{first}\n  {second}")).collect::<Vec<_>>().join("\n")
    }

    /// Takes columns out: their cells, joined, for the header and for each row.
    fn take(&mut self, names: &[&str]) -> Vec<String> {
        let taken: Vec<bool> = self.header.iter().map(|name| names.contains(name)).collect();
        let join = |cells: Vec<String>| {
            let kept = cells.iter().zip(&taken).filter(|(_, taken)| **taken).map(|(cell, _)| cell.as_str());
            kept.filter(|cell| !cell.is_empty()).collect::<Vec<_>>().join("  ")
        };
        let header = self.header.iter().map(|name| (*name).to_owned()).collect();
        let second = std::iter::once(header).chain(self.rows.iter().cloned()).map(join).collect();
        let mut left = taken.iter();
        self.header.retain(|_| left.next() == Some(&false));
        for row in &mut self.rows {
            let mut left = taken.iter();
            row.retain(|_| left.next() == Some(&false));
        }
        second
    }

    /// The widths of the columns, reduced until the whole fits or each that may be cut has the least.
    fn shortened(&self, width: usize, cut: &[&[&str]]) -> Vec<usize> {
        let mut widths = self.widths();
        for group in cut {
            while total(&widths) > width {
                let of_group = widths.iter_mut().zip(&self.header).filter(|(_, name)| group.contains(name));
                match of_group.map(|(width, _)| width).max() {
                    Some(widest) if *widest > LEAST_WIDTH => *widest -= 1,
                    _ => break,
                }
            }
        }
        widths
    }

    fn widths(&self) -> Vec<usize> {
        self.table().column_max_content_widths().into_iter().map(usize::from).collect()
    }

    fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_style(TableStyle::new()).set_content_arrangement(ContentArrangement::Disabled);
        table.set_truncation_indicator("…");
        table.set_header(one_line(self.header.iter()));
        for row in &self.rows {
            table.add_row(one_line(row));
        }
        for column in table.column_iter_mut() {
            column.set_padding((0, u16::try_from(GAP).unwrap_or(u16::MAX)));
        }
        table
    }
}

fn one_line<T: ToString>(cells: impl IntoIterator<Item = T>) -> Row {
    let mut row = Row::from(cells.into_iter().map(|cell| cell.to_string()).collect::<Vec<_>>());
    row.max_height(1);
    row
}

fn total(widths: &[usize]) -> usize {
    widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1)
}

fn lines(table: &Table) -> Vec<String> {
    table.lines().map(|line| line.trim_end().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> Grid {
        let row = |name: &str, reason: &str| {
            [
                "web01.contoso.example",
                name,
                "CONTOSO\\ci-runner",
                "910A2DEC-8902-4CC1-BEEB-8DA1658EEC67",
                reason,
            ]
            .map(str::to_owned)
            .to_vec()
        };
        Grid::new(
            vec!["ComputerName", "Name", "Owner", "InstanceId", "Reason"],
            vec![row("build-1", ""), row("夜間ビルド", "access denied (WSManFault 5)")],
        )
    }

    const BELOW: &[&[&str]] = &[&["InstanceId", "Reason"], &["Name"]];
    const CUT: &[&[&str]] = &[&["Owner"], &["ComputerName", "Name"]];

    #[test]
    fn where_it_fits_each_row_is_one_line() {
        let text = grid().within(200, BELOW, CUT);
        assert_eq!(text, grid().text());
        assert_eq!(text.lines().count(), 3);
    }

    #[test]
    fn where_it_does_not_ids_and_reasons_go_below_whole_and_groups_are_cut_in_turn() {
        let text = grid().within(40, BELOW, CUT);
        let expected = "\
ComputerName        Name        Owner
  InstanceId  Reason
web01.contoso.exa…  build-1     CONTOSO…
  910A2DEC-8902-4CC1-BEEB-8DA1658EEC67
web01.contoso.exa…  夜間ビルド  CONTOSO…
  910A2DEC-8902-4CC1-BEEB-8DA1658EEC67  access denied (WSManFault 5)";
        assert_eq!(text, expected);
    }

    #[test]
    fn where_that_is_not_enough_more_goes_below() {
        let text = grid().within(24, BELOW, CUT);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[..2], ["ComputerName    Owner", "  Name  InstanceId  Reason"], "{text}");
        assert_eq!(
            lines[2..4],
            ["web01.contoso…  CONTOSO…", "  build-1  910A2DEC-8902-4CC1-BEEB-8DA1658EEC67"]
        );
    }

    #[test]
    fn no_column_is_cut_below_what_can_be_read() {
        let text = grid().within(1, BELOW, CUT);
        assert!(text.contains("CONTOSO…"), "{text}");
        assert!(text.contains("910A2DEC-8902-4CC1-BEEB-8DA1658EEC67"), "{text}");
    }
}

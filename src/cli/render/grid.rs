//! Text in columns, one line a row. Where that is too long, some columns are shortened, then some leave.

use unicode_width::UnicodeWidthStr as _;

use super::cell::{Cell, shortened_account, shortened_at_the_end, shortened_in_the_middle};

/// A column of a grid.
#[derive(Clone, Copy, Debug)]
pub(super) struct GridColumn {
    pub(super) header: &'static str,
    pub(super) fit: Fit,
}

/// What may happen to a column where there is too little room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Fit {
    pub(super) shorten: Shorten,
    /// The column leaves, those with the lowest rank first; `None` never.
    pub(super) leaves: Option<u8>,
    /// Numbers stand at the right.
    pub(super) right: bool,
}

/// How the cells of a column are shortened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Shorten {
    #[default]
    Never,
    /// In the middle: names tell most by how they begin and end.
    Middle,
    /// As a name, but of the domain before the name itself.
    Account,
    /// At the end, before the others are touched: sentences.
    End,
}

/// The rank of columns that leave before others are shortened.
pub(super) const FIRST_TO_LEAVE: u8 = 0;

/// A name that is shortened to less cannot be recognised.
const LEAST_NAME: usize = 8;

/// A sentence that is shortened to less says nothing.
const LEAST_SENTENCE: usize = 20;

/// What stands between two columns.
const GAP: usize = 2;

/// How a grid is written.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct GridStyle {
    /// The columns of the terminal; without it nothing is shortened.
    pub(super) width: Option<usize>,
    pub(super) colour: bool,
    pub(super) no_headers: bool,
}

/// Columns and rows, each as long as there are columns. The rows are made twice, once to be measured and once to be
/// written: the cells of a large table take more memory than what they show.
#[derive(Clone, Debug)]
pub(super) struct Grid<R> {
    columns: Vec<GridColumn>,
    rows: R,
}

/// Texts as they are, in columns that are never shortened.
pub(super) fn plain(headers: &[&'static str], rows: Vec<Vec<String>>) -> String {
    let columns = headers.iter().map(|header| GridColumn { header, fit: Fit::default() });
    let rows = rows.into_iter().map(|row| row.into_iter().map(Cell::verbatim).collect());
    Grid::new(columns.collect(), rows).text(GridStyle::default())
}

impl<R: Iterator<Item = Vec<Cell>> + Clone> Grid<R> {
    pub(super) fn new(columns: Vec<GridColumn>, rows: impl IntoIterator<IntoIter = R>) -> Self {
        Self { columns, rows: rows.into_iter() }
    }

    /// The lines, without a line end behind the last one.
    pub(super) fn text(&self, style: GridStyle) -> String {
        let natural = self.widths();
        let widths = match style.width {
            Some(width) => self.fitted(&natural, width),
            None => natural.into_iter().map(Some).collect(),
        };
        let mut text = String::new();
        if !style.no_headers {
            let headers = self.columns.iter().map(|column| Cell::new(column.header));
            self.write_line(&mut text, headers.collect::<Vec<_>>().iter(), &widths, false);
        }
        for row in self.rows.clone() {
            self.write_line(&mut text, row.iter(), &widths, style.colour);
        }
        text.truncate(text.trim_end_matches('\n').len());
        text
    }

    fn write_line<'a>(
        &self,
        text: &mut String,
        cells: impl Iterator<Item = &'a Cell>,
        widths: &[Option<usize>],
        colour: bool,
    ) {
        let (mut gap, mut first) = (0, true);
        for ((cell, column), width) in cells.zip(&self.columns).zip(widths) {
            let Some(width) = *width else { continue };
            let shown = match column.fit.shorten {
                Shorten::Never => cell.text.as_str().into(),
                Shorten::Middle => shortened_in_the_middle(&cell.text, width),
                Shorten::Account => shortened_account(&cell.text, width),
                Shorten::End => shortened_at_the_end(&cell.text, width),
            };
            let free = width.saturating_sub(shown.width());
            let (before, after) = if column.fit.right { (free, 0) } else { (0, free) };
            // Blanks are written with what follows them: no line ends in blanks.
            gap += before + if first { 0 } else { GAP };
            if shown.is_empty() {
                (gap, first) = (gap + after, false);
                continue;
            }
            text.extend(std::iter::repeat_n(' ', gap));
            text.push_str(&if colour { cell.meaning.paint(&shown) } else { shown });
            (gap, first) = (after, false);
        }
        text.push('\n');
    }

    fn widths(&self) -> Vec<usize> {
        let mut widths: Vec<usize> = self.columns.iter().map(|column| column.header.width()).collect();
        for row in self.rows.clone() {
            for (width, cell) in widths.iter_mut().zip(&row) {
                *width = (*width).max(cell.width());
            }
        }
        widths
    }

    /// The width of each column so that the whole takes at most `width`, if that can be; `None` for those that leave.
    fn fitted(&self, natural: &[usize], width: usize) -> Vec<Option<usize>> {
        let mut widths: Vec<Option<usize>> = natural.iter().copied().map(Some).collect();
        if total(&widths) <= width {
            return widths;
        }
        self.shrink(&mut widths, &[Shorten::End], LEAST_SENTENCE, width);
        let mut ranks: Vec<u8> = self.columns.iter().filter_map(|column| column.fit.leaves).collect();
        ranks.push(FIRST_TO_LEAVE);
        ranks.sort_unstable();
        ranks.dedup();
        for rank in ranks {
            if total(&widths) <= width {
                break;
            }
            let leaves = |column: &GridColumn| column.fit.leaves.is_some_and(|leaves| leaves <= rank);
            let left =
                natural.iter().zip(&self.columns).map(|(width, column)| (!leaves(column)).then_some(*width));
            widths = left.collect();
            self.shrink(&mut widths, &[Shorten::End], LEAST_SENTENCE, width);
            self.shrink(&mut widths, &[Shorten::Middle, Shorten::Account], LEAST_NAME, width);
        }
        widths
    }

    /// Shortens the columns of some kinds, the widest first, until all fit or each has the least.
    fn shrink(&self, widths: &mut [Option<usize>], kinds: &[Shorten], least: usize, width: usize) {
        let mut excess = total(widths).saturating_sub(width);
        while excess > 0 {
            let of_kind = widths
                .iter_mut()
                .zip(&self.columns)
                .filter(|(_, column)| kinds.contains(&column.fit.shorten));
            let mut of_kind: Vec<&mut usize> = of_kind.filter_map(|(width, _)| width.as_mut()).collect();
            of_kind.sort_unstable_by_key(|width| std::cmp::Reverse(**width));
            let next = of_kind.get(1).map_or(least, |width| **width).max(least);
            let Some(widest) = of_kind.first_mut().filter(|widest| ***widest > least) else { return };
            // Down to the next one, or by one where both are as wide.
            let by = widest.saturating_sub(next).max(1).min(excess);
            **widest -= by;
            excess -= by;
        }
    }
}

fn total(widths: &[Option<usize>]) -> usize {
    let shown = widths.iter().flatten();
    shown.clone().sum::<usize>() + GAP * shown.count().saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::super::cell::Meaning;
    use super::*;

    const NAME: Fit = Fit { shorten: Shorten::Middle, leaves: Some(2), right: false };

    fn grid() -> Grid<std::vec::IntoIter<Vec<Cell>>> {
        let columns = [
            ("Id", Fit::default()),
            ("Owner", Fit { leaves: Some(3), ..NAME }),
            ("Name", NAME),
            ("Type", Fit { leaves: Some(1), ..Fit::default() }),
            ("Reason", Fit { shorten: Shorten::End, leaves: Some(FIRST_TO_LEAVE), right: false }),
        ];
        let row = |id: &str, name: &str, reason: &str| {
            [id, "CONTOSO\\ci-runner", name, "ps", reason].map(Cell::new).to_vec()
        };
        Grid::new(
            columns.map(|(header, fit)| GridColumn { header, fit }).to_vec(),
            vec![row("7", "build-1", ""), row("12", "夜間ビルドと長い名前", "access denied (WSManFault 5)")],
        )
    }

    fn within(width: usize) -> String {
        grid().text(GridStyle { width: Some(width), ..GridStyle::default() })
    }

    #[test]
    fn where_there_is_room_nothing_is_shortened() {
        let all = grid().text(GridStyle::default());
        let expected = "\
Id  Owner              Name                  Type  Reason
7   CONTOSO\\ci-runner  build-1               ps    -
12  CONTOSO\\ci-runner  夜間ビルドと長い名前  ps    access denied (WSManFault 5)";
        assert_eq!(all, expected);
        assert_eq!(within(79), all);
    }

    #[test]
    fn sentences_are_shortened_first_then_leave_then_names_are_shortened_then_columns_leave() {
        let expected = "\
Id  Owner              Name                  Type  Reason
7   CONTOSO\\ci-runner  build-1               ps    -
12  CONTOSO\\ci-runner  夜間ビルドと長い名前  ps    access denied (WSMa…";
        assert_eq!(within(71), expected);
        let expected = "\
Id  Owner              Name                  Type
7   CONTOSO\\ci-runner  build-1               ps
12  CONTOSO\\ci-runner  夜間ビルドと長い名前  ps";
        assert_eq!(within(69), expected);
        let expected = "\
Id  Owner         Name          Type
7   CONTOS…unner  build-1       ps
12  CONTOS…unner  夜間ビ…名前   ps";
        assert_eq!(within(36), expected);
        let expected = "\
Id  Owner     Name
7   CONT…ner  build-1
12  CONT…ner  夜間…前";
        assert_eq!(within(22), expected);
        let expected = "\
Id  Owner
7   CONTO…unner
12  CONTO…unner";
        assert_eq!(within(15), expected);
        assert_eq!(within(3), "Id\n7\n12");
    }

    #[test]
    fn no_line_is_longer_than_the_terminal_where_that_can_be() {
        for width in 2..90 {
            let text = within(width);
            let longest = text.lines().map(|line| line.width()).max().unwrap();
            assert!(longest <= width, "{width}:\n{text}");
        }
    }

    #[test]
    fn colour_changes_no_column_and_headers_can_be_left_out() {
        let column = |header| GridColumn { header, fit: Fit::default() };
        let row = vec![Cell::new("Failed").meaning(Meaning::Bad), Cell::new("web01")];
        let grid = Grid::new(vec![column("Outcome"), column("Host")], vec![row]);
        let style = GridStyle { colour: true, ..GridStyle::default() };
        assert_eq!(grid.text(style), "Outcome  Host\n\u{1b}[31mFailed\u{1b}[0m   web01");
        let style = GridStyle { no_headers: true, ..GridStyle::default() };
        assert_eq!(grid.text(style), "Failed   web01");
    }

    #[test]
    fn numbers_stand_at_the_right() {
        let count = GridColumn { header: "Sessions", fit: Fit { right: true, ..Fit::default() } };
        let rows = vec![vec![Cell::new("46")], vec![Cell::new("3")]];
        let text = Grid::new(vec![count], rows).text(GridStyle::default());
        assert_eq!(text, "Sessions\n      46\n       3");
    }
}

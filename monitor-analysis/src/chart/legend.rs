//! The names of the lines, in rows below the title.

use super::figure::{Anchor, Ink, Shape, Text};
use super::layout::COLUMN;
use super::marker;
use crate::columns::{self, middle_cut};

/// Height of a row in pixels.
pub(super) const ROW: f64 = 18.0;

/// Pixels of a name's shape before it and of the blank behind it.
const AROUND: f64 = 36.0;

/// Names with their places.
pub(super) struct Legend {
    /// The names in a row, each with the number of its line.
    rows: Vec<Vec<(usize, String)>>,
}

impl Legend {
    /// Of all lines, in a chart of this width.
    pub(super) fn of(names: &[&str], width: f64) -> Self {
        let room = width - 24.0;
        let longest = ((room - AROUND) / COLUMN) as usize;
        let mut rows: Vec<Vec<(usize, String)>> = Vec::new();
        let mut free = 0.0;
        for (index, name) in fitted(names, longest).into_iter().enumerate() {
            let needed = width_of(&name);
            match rows.last_mut() {
                Some(row) if needed <= free => row.push((index, name)),
                _ => {
                    rows.push(vec![(index, name)]);
                    free = room;
                }
            }
            free -= needed;
        }
        Self { rows }
    }

    pub(super) fn height(&self) -> f64 {
        self.rows.len() as f64 * ROW
    }

    /// Draws it from `top` downwards.
    pub(super) fn draw(&self, out: &mut Vec<Shape>, top: f64, width: f64) {
        for (row, names) in self.rows.iter().enumerate() {
            let middle = top + (row as f64 + 0.5) * ROW;
            let mut x = (width - names.iter().map(|(_, name)| width_of(name)).sum::<f64>()) / 2.0;
            for (index, name) in names {
                let sample = Shape::Path { ink: Ink::Sample, outline: format!("M{x:.1} {middle:.1}h18") };
                let key = Shape::Path { ink: Ink::Key, outline: marker::path(*index, &[(x + 9.0, middle)]) };
                out.push(Shape::Coloured { line: *index, shapes: vec![sample, key] });
                out.push(Shape::Text(Text::new(x + 23.0, middle + 4.0, Anchor::Start, name)));
                x += width_of(name);
            }
        }
    }
}

fn width_of(name: &str) -> f64 {
    columns::of(name) as f64 * COLUMN + AROUND
}

/// Names that fit in a row. If one does not, what all have in common at the beginning is cut off, up to the end of a word, then
/// the middle: they keep what tells them apart.
fn fitted(names: &[&str], longest: usize) -> Vec<String> {
    let cut = if names.iter().any(|name| columns::of(name) > longest) { common_beginning(names) } else { 0 };
    let rest = |name: &str| if cut == 0 { name.to_owned() } else { format!("…{}", &name[cut..]) };
    names.iter().map(|name| middle_cut(&rest(name), longest)).collect()
}

/// Bytes at the beginning of all names that are the same, up to the end of a word.
fn common_beginning(names: &[&str]) -> usize {
    let [first, others @ ..] = names else { return 0 };
    if others.is_empty() {
        return 0;
    }
    let same = |other: &&str| first.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    let common = others.iter().map(same).min().unwrap_or(0);
    // Of no name nothing is left.
    let common = names.iter().map(|name| name.len().saturating_sub(1)).fold(common, usize::min);
    let ends = first.char_indices().filter(|(_, letter)| !letter.is_alphanumeric());
    ends.map(|(at, letter)| at + letter.len_utf8()).take_while(|end| *end <= common).last().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(names: &[&str], width: f64) -> Vec<Vec<String>> {
        let legend = Legend::of(names, width);
        legend.rows.into_iter().map(|row| row.into_iter().map(|(_, name)| name).collect()).collect()
    }

    #[test]
    fn names_keep_what_tells_them_apart() {
        let long = "suite::of_many_modules::inner::sorts_numbers";
        let names = [format!("{long}[1000]"), format!("{long}[1000000]")];
        let names = [names[0].as_str(), names[1].as_str()];
        assert_eq!(rows(&names, 300.0), [["…1000]", "…1000000]"]]);
        assert_eq!(rows(&names, 960.0)[0], names);
        assert_eq!(rows(&["größe", "größer"], 320.0), [["größe", "größer"]], "a name may end in the other");
        assert_eq!(rows(&["x".repeat(90).as_str()], 320.0)[0][0].chars().count(), 39, "one name alone");
    }

    #[test]
    fn names_without_room_beside_each_other_stand_in_rows() {
        let names = ["test_prime[982451653]", "test_prime[15485863]", "test_prime[104729]"];
        assert_eq!(rows(&names, 960.0).len(), 1);
        assert_eq!(rows(&names, 340.0).concat(), names);
        assert_eq!(rows(&names, 340.0).len(), 3);
        let wide = ["読み込みの検査", "書き込みの検査"];
        assert_eq!(rows(&wide, 260.0), [[wide[0]], [wide[1]]], "each character takes two columns");
    }
}

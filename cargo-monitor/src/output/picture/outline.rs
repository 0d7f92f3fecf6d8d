//! The `d` of an SVG path as lines: <https://www.w3.org/TR/SVG2/paths.html#PathData>.

use std::f32::consts::TAU;

use super::canvas::Place;

/// From place to place.
pub(super) type Line = Vec<Place>;

/// Steps of half a circle.
const STEPS: usize = 16;

/// The lines of a path with the commands `MmLlHhVvAaZz`, so many pixels for each of its own. It ends at what is none of them.
pub(super) fn lines(outline: &str, pixels: f32) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let (mut here, mut begin) = ((0.0, 0.0), (0.0, 0.0));
    let mut rest = outline;
    while let Some(command) = rest.chars().next().filter(char::is_ascii_alphabetic) {
        rest = &rest[1..];
        let end = rest.find(|letter: char| letter.is_ascii_alphabetic()).unwrap_or(rest.len());
        let numbers = numbers(&rest[..end]);
        rest = &rest[end..];
        let (x, y) = if command.is_ascii_lowercase() { here } else { (0.0, 0.0) };
        let to = match (command.to_ascii_uppercase(), numbers.as_slice()) {
            ('M' | 'L', [to_x, to_y]) | ('A', [.., to_x, to_y]) => (x + to_x, y + to_y),
            ('H', [to_x]) => (x + to_x, here.1),
            ('V', [to_y]) => (here.0, y + to_y),
            ('Z', []) => begin,
            _ => break,
        };
        match (command.to_ascii_uppercase(), numbers.as_slice()) {
            ('M', _) => {
                begin = to;
                lines.push(vec![to]);
            }
            ('A', [radius, _, _, large, sweep, ..]) => {
                if let Some(line) = lines.last_mut() {
                    line.extend(arc(here, to, *radius, *large != 0.0, *sweep != 0.0));
                }
            }
            _ => lines.last_mut().into_iter().for_each(|line| line.push(to)),
        }
        here = to;
    }
    lines.iter_mut().flatten().for_each(|place| *place = (place.0 * pixels, place.1 * pixels));
    lines
}

/// `3.5 3.5 0 1 0-7 0`.
fn numbers(text: &str) -> Vec<f32> {
    let spaced = text.replace('-', " -").replace(',', " ");
    spaced.split_whitespace().map_while(|number| number.parse().ok()).collect()
}

/// Places on a circle behind `from` up to `to`.
fn arc(from: Place, to: Place, radius: f32, large: bool, sweep: bool) -> Vec<Place> {
    let (x, y) = ((to.0 - from.0) / 2.0, (to.1 - from.1) / 2.0);
    let half = x.hypot(y);
    if half == 0.0 {
        return vec![to];
    }
    let radius = radius.max(half);
    let away = (radius * radius - half * half).max(0.0).sqrt() / half * if large == sweep { -1.0 } else { 1.0 };
    let middle = (from.0 + x - y * away, from.1 + y + x * away);
    let angle = |place: Place| (place.1 - middle.1).atan2(place.0 - middle.0);
    let first = angle(from);
    let turn = (angle(to) - first).rem_euclid(TAU);
    let turn = if sweep { turn } else { turn - TAU };
    let angles = (1..STEPS).map(|step| first + turn * step as f32 / STEPS as f32);
    let places = angles.map(|angle| (middle.0 + radius * angle.cos(), middle.1 + radius * angle.sin()));
    places.chain([to]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_followed_from_where_the_last_has_ended() {
        assert_eq!(
            lines("M1 2H4V6h-1v-1l2-.5L0 0z", 1.0),
            [[(1.0, 2.0), (4.0, 2.0), (4.0, 6.0), (3.0, 6.0), (3.0, 5.0), (5.0, 4.5), (0.0, 0.0), (1.0, 2.0)]]
        );
        assert_eq!(lines("M1 1m2-3h1M7 7L8 8", 2.0).len(), 3);
        assert_eq!(lines("M1 1m2-3h1", 2.0)[1], [(6.0, -4.0), (8.0, -4.0)]);
        assert!(lines("no path", 1.0).is_empty() && lines("", 1.0).is_empty());
    }

    #[test]
    fn arcs_go_the_way_that_their_flags_say() {
        for (flags, middle, turn) in
            [("0 0", (3.0, 4.0), 0.25), ("0 1", (0.0, 0.0), 0.25), ("1 0", (0.0, 0.0), 0.75), ("1 1", (3.0, 3.0), 0.75)]
        {
            // From the right of a circle of radius 3 to its lowest place, or round the other such circle.
            let line = lines(&format!("M3 0A3 3 0 {flags} 0 3"), 1.0).remove(0);
            let middle = if flags == "0 0" || flags == "1 1" { (3.0, 3.0) } else { middle };
            let far = |place: &Place| ((place.0 - middle.0).hypot(place.1 - middle.1) - 3.0).abs();
            assert!(line.iter().all(|place| far(place) < 1e-4), "{flags}: {line:?}");
            let length: f32 = line.windows(2).map(|pair| (pair[1].0 - pair[0].0).hypot(pair[1].1 - pair[0].1)).sum();
            assert!((length / (3.0 * TAU) - turn).abs() < 0.01, "{flags}: {length}");
        }
        let circle = lines("m-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0z", 1.0).remove(0);
        assert!(circle.iter().all(|place| (place.0.hypot(place.1) - 3.5).abs() < 1e-4), "{circle:?}");
    }
}

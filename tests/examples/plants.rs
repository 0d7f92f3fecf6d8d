//! `plants [NAME…]`: plants changes into published crates, one after another, and prints in which row `cargo monitor explain`
//! names each. A name is that of a plant, of a crate or of a round. It needs valgrind, and crates.io.
//! `CARGO_MONITOR` names another build of the command to ask.
//!
//! What each round said when it was first asked, of 20 plants each, before anything was mended for it:
//!
//! | round  | over                               | first | among three | what was missed, and mended afterwards                  |
//! |--------|------------------------------------|-------|-------------|---------------------------------------------------------|
//! | second | primes-demo, convert_case, json    | 17    | 19          |                                                         |
//! | third  | primes-demo, csv, similar          | 19    | 19          | no longer inlined: named beside the caller, not as such |
//! | fourth | primes-demo, csv, similar          | 19    | 19          | the same, where its first line is inlined code          |
//! | fifth  | primes-demo, regex-lite, roxmltree | 20    | 20          |                                                         |
//!
//! Of the fifth, three that turned out to be below 1 % of their test were replaced, by their size only; they stood first too. Before
//! it was written, what was edited became known by whole functions.
#![forbid(unsafe_code)]

use std::env;
use std::path::PathBuf;

use monitor_tests::cargo_monitor;
use monitor_tests::plants::{Base, bases, plants};

fn main() {
    let chosen: Vec<String> = env::args().skip(1).collect();
    let monitor = env::var_os("CARGO_MONITOR").map_or_else(cargo_monitor, PathBuf::from);
    let (mut all, mut first, mut among_three) = (0, 0, 0);
    println!("row  share  round   crate        plant               kind                what stands first");
    for name in bases() {
        let plants = plants(&name).into_iter().filter(|plant| {
            chosen.is_empty() || chosen.iter().any(|name| [&plant.name, &plant.base, &plant.set].contains(&name))
        });
        let plants: Vec<_> = plants.collect();
        if plants.is_empty() {
            continue;
        }
        let base = Base::new(&name, &monitor).unwrap_or_else(|| panic!("{name} can be fetched"));
        for plant in plants {
            all += 1;
            let answer = match base.explain(&plant) {
                Ok(answer) => answer,
                Err(problem) => {
                    println!("  - {}: {problem}", plant.name);
                    continue;
                }
            };
            first += u32::from(answer.rank == Some(1));
            among_three += u32::from(answer.rank.is_some_and(|rank| rank <= 3));
            let rank = answer.rank.map_or("-".to_owned(), |rank| rank.to_string());
            println!(
                "{rank:>3} {:>5.1}%  {:<7} {:<12} {:<19} {:<19} {}",
                100.0 * answer.share,
                plant.set,
                plant.base,
                plant.name,
                plant.kind,
                answer.first
            );
        }
    }
    println!("{first} of {all} first, {among_three} among three");
}

//! A history with a change in it, and names that are out to harm.

use monitor_store::Outcome;

use super::Fixture;

/// A name that breaks out of whatever it is put into without care.
pub const HOSTILE: &str =
    "evil[</title></style><script>alert(1)</script><img src=x onerror=alert(2)>\"'&\u{202e}\u{1b}[31m-->]";

/// 24 sessions. In the 13th, with a new release of `rand`, `grows` takes 60 % longer and four times the memory.
pub fn evolution() -> Fixture {
    let fixture = Fixture::empty();
    for day in 1..=24_u32 {
        let noise = f64::from(day * 7 % 5) / 100.0;
        let (wall, peak, rand) = if day < 13 { (0.5, 1 << 20, "0.9.0") } else { (0.8, 4 << 20, "0.10.1") };
        let wrong = if day % 6 == 0 { Outcome::Failed } else { Outcome::Passed };
        fixture.session_with(
            &format!("[[package]]\nname = \"rand\"\nversion = \"{rand}\"\n"),
            day,
            &format!("{:x}aaaaaaaa", 0xc0_ffee_u32 * day),
            &[("git_branch", "main"), ("description", "nightly")],
            &[
                ("demo::tests::grows[2, 3]", wall * (1.0 + noise), peak, Outcome::Passed),
                ("demo::tests::steady", 0.002 * (1.0 + noise), 4096, Outcome::Passed),
                ("demo::tests::wrong", 0.05, 512, wrong),
            ],
        );
    }
    fixture
}

/// Three sessions of a test, a branch, a description and a package with hostile names.
pub fn hostile() -> Fixture {
    let fixture = Fixture::empty();
    for day in 1..=3_u32 {
        let name = format!("demo::tests::{HOSTILE}");
        fixture.session_with(
            &format!("[[package]]\nname = '''{}'''\nversion = \"1.0.{day}\"\n", HOSTILE.replace(['\'', '\u{1b}'], "")),
            day,
            &format!("{day}{HOSTILE}"),
            &[("git_branch", HOSTILE), ("description", HOSTILE), (HOSTILE, HOSTILE)],
            &[(&name, f64::from(day * day), 512 << 20 >> day, Outcome::Passed)],
        );
    }
    fixture
}

//! The figures of the failover bench as a table.

use std::fmt::Write;

use super::Figures;

/// What was measured, one number a trial.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sample(Vec<f64>);

impl Sample {
    pub(crate) fn add(&mut self, value: f64) {
        self.0.push(value);
        self.0.sort_by(f64::total_cmp);
    }

    /// The middle one, or the mean of the two in the middle; `None` of nothing.
    fn median(&self) -> Option<f64> {
        let count = self.0.len();
        let (low, high) = (self.0.get(count.checked_sub(1)? / 2)?, self.0.get(count / 2)?);
        Some((low + high) / 2.0)
    }

    /// "median least worst (n)"
    fn cell(&self, decimals: usize) -> String {
        let (Some(median), Some(least), Some(worst)) =
            (self.median(), self.0.first(), self.0.last())
        else {
            return format!("{:>28}", "-");
        };
        let count = self.0.len();
        format!("{median:>8.decimals$} {least:>7.decimals$} {worst:>7.decimals$} {count:>3}")
    }
}

/// Which figure of a pair a row shows.
type Pick = fn(&Figures) -> &Sample;

/// The two pairs side by side; `peer` is the name and version of the other.
pub(crate) fn render(gemel: &Figures, keepalived: &Figures, peer: &str) -> String {
    let mut text = String::from(
        "failover at 100 ms, priorities 150 and 100, by the witness's kernel timestamps\n\
         A: killed and cut off; ms after the Active_Down_Interval of 360.9375 ms\n\
         B: SIGTERM; echoes lost by a client with one per ms\n\n",
    );
    let title = "  median   least   worst   n";
    row(&mut text, "", &format!("{:<28}", "  gemel"), &format!("  {peer}"));
    row(&mut text, "", title, title);
    let rows: [(&str, Pick, usize); 5] = [
        ("A  first advert", |figures| &figures.crash_advert, 3),
        ("A  first gratuitous ARP", |figures| &figures.crash_garp, 3),
        ("A  the same, engine frozen", |figures| &figures.frozen_garp, 3),
        ("B  echoes lost", |figures| &figures.release_lost, 1),
        ("   lost when lb1 returns", |figures| &figures.return_lost, 1),
    ];
    for (name, pick, decimals) in rows {
        row(&mut text, name, &pick(gemel).cell(decimals), &pick(keepalived).cell(decimals));
    }
    text.push('\n');
    for (name, sample, target) in [
        ("A  first advert, ms", &gemel.crash_advert, 0.5),
        ("A  first gratuitous ARP, ms", &gemel.crash_garp, 0.5),
        ("B  echoes lost", &gemel.release_lost, 2.0),
    ] {
        let median = sample.median().unwrap_or(f64::INFINITY);
        let verdict = if median <= target { "met" } else { "missed" };
        text.push_str(&format!("{name}: median at most {target} wanted: {verdict}\n"));
    }
    text
}

fn row(text: &mut String, name: &str, left: &str, right: &str) {
    if let Err(error) = writeln!(text, "{name:<28} |{left} |{right}") {
        panic!("a string takes any text: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_tells_the_median_the_least_the_worst_and_how_many() {
        let mut sample = Sample::default();
        assert_eq!(sample.cell(1).trim(), "-");
        for value in [5.0, 1.0, 2.0] {
            sample.add(value);
        }
        assert_eq!(
            sample.cell(1).split_whitespace().collect::<Vec<_>>(),
            ["2.0", "1.0", "5.0", "3"]
        );
        sample.add(3.0);
        assert_eq!(sample.median(), Some(2.5));
    }
}

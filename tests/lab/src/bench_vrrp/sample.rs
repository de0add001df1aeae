//! Numbers of one figure, and what may be said of them: a p99 only with three hundred behind it.

use serde_json::{Value, json};

/// What was measured, in the unit of its figure.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sample(Vec<f64>);

impl Sample {
    pub(crate) fn add(&mut self, value: f64) {
        self.0.push(value);
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// The middle one, or the mean of the two in the middle; NaN of nothing.
    pub(crate) fn median(&self) -> f64 {
        let sorted = self.sorted();
        let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
        (sorted[last / 2] + sorted[sorted.len() / 2]) / 2.0
    }

    /// The greatest; NaN of nothing.
    pub(crate) fn worst(&self) -> f64 {
        self.sorted().last().copied().unwrap_or(f64::NAN)
    }

    /// The mean; NaN of nothing.
    pub(crate) fn mean(&self) -> f64 {
        self.0.iter().sum::<f64>() / self.0.len() as f64
    }

    /// Its p99 if there is enough behind it, otherwise the worst.
    pub(crate) fn high(&self) -> f64 {
        if self.count() < ENOUGH_FOR_P99 {
            return self.worst();
        }
        let sorted = self.sorted();
        let rank = (sorted.len() * 99).div_ceil(100);
        sorted[rank - 1]
    }

    /// "median 0.13, p99 0.40, worst 0.55 (n 312)".
    pub(crate) fn text(&self) -> String {
        let (count, median, worst) = (self.count(), self.median(), self.worst());
        match count {
            0 => "nothing".to_owned(),
            1 => format!("{} (n 1)", short(worst)),
            2..ENOUGH_FOR_P99 => {
                format!("median {}, worst {} (n {count})", short(median), short(worst))
            }
            _ => format!(
                "median {}, p99 {}, worst {} (n {count})",
                short(median),
                short(self.high()),
                short(worst)
            ),
        }
    }

    pub(crate) fn json(&self) -> Value {
        let p99 = if self.count() < ENOUGH_FOR_P99 { Value::Null } else { json!(self.high()) };
        json!({
            "n": self.count(), "median": number(self.median()), "p99": p99,
            "worst": number(self.worst()), "mean": number(self.mean()),
        })
    }

    fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted
    }
}

impl FromIterator<f64> for Sample {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}

impl Extend<f64> for Sample {
    fn extend<I: IntoIterator<Item = f64>>(&mut self, values: I) {
        self.0.extend(values);
    }
}

/// Three digits that count.
pub(crate) fn short(value: f64) -> String {
    match value.abs() {
        _ if value.fract() == 0.0 => format!("{value:.0}"),
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

/// JSON has no NaN.
pub(crate) fn number(value: f64) -> Value {
    if value.is_finite() { json!(value) } else { Value::Null }
}

/// Three beyond it are the least that make a hundredth more than chance.
const ENOUGH_FOR_P99: usize = 300;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_p99_needs_three_hundred_samples() {
        let few: Sample = (1..=299).map(f64::from).collect();
        assert_eq!(few.high(), 299.0);
        assert_eq!(few.text(), "median 150, worst 299 (n 299)");
        let enough: Sample = (1..=300).rev().map(f64::from).collect();
        assert_eq!(enough.high(), 297.0);
        assert_eq!(enough.text(), "median 150, p99 297, worst 300 (n 300)");
    }

    #[test]
    fn nothing_has_no_figures() {
        let nothing = Sample::default();
        assert!(nothing.median().is_nan() && nothing.worst().is_nan() && nothing.high().is_nan());
        assert_eq!(nothing.text(), "nothing");
        assert_eq!(nothing.json()["worst"], Value::Null);
    }
}

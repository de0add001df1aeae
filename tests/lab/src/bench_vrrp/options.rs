//! The words of `lab bench vrrp`.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

/// What was asked for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Options {
    /// In the order of [`Part::ALL`].
    pub(crate) parts: Vec<Part>,
    pub(crate) pace: Pace,
    trials: Option<usize>,
}

/// How thorough.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Pace {
    Full,
    Quick,
}

/// One of the six.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Part {
    Takeover,
    Cost,
    Many,
    Bad,
    Repair,
    Restart,
}

impl Part {
    pub(crate) const ALL: [Self; 6] =
        [Self::Takeover, Self::Cost, Self::Many, Self::Bad, Self::Repair, Self::Restart];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Takeover => "takeover",
            Self::Cost => "cost",
            Self::Many => "many",
            Self::Bad => "bad",
            Self::Repair => "repair",
            Self::Restart => "restart",
        }
    }
}

impl Options {
    pub(crate) fn parse(words: &[&str]) -> Result<Self> {
        let mut options = Self { parts: Vec::new(), pace: Pace::Full, trials: None };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match *word {
                "--quick" => options.pace = Pace::Quick,
                "--part" => {
                    let name = words.next().context("--part needs a name")?;
                    let part = Part::ALL.into_iter().find(|part| part.name() == *name);
                    options.parts.push(part.with_context(|| {
                        let names: Vec<_> = Part::ALL.iter().map(|part| part.name()).collect();
                        format!("no part {name}; there are: {}", names.join(", "))
                    })?);
                }
                "--trials" => {
                    let number = words.next().context("--trials needs a number")?;
                    let number = number.parse().context("--trials needs a number")?;
                    ensure!(number > 0, "no trials, no figures");
                    options.trials = Some(number);
                }
                _ => bail!("unknown: {word}\n{USAGE}"),
            }
        }
        options.parts.sort();
        options.parts.dedup();
        if options.parts.is_empty() {
            options.parts = Part::ALL.to_vec();
        }
        Ok(options)
    }

    /// How many trials: as told, or by pace.
    pub(crate) fn trials(&self, full: usize, quick: usize) -> usize {
        self.trials.unwrap_or(match self.pace {
            Pace::Full => full,
            Pace::Quick => quick,
        })
    }

    /// How long a steady measurement lasts.
    pub(crate) fn lasts(&self, full: Duration, quick: Duration) -> Duration {
        match self.pace {
            Pace::Full => full,
            Pace::Quick => quick,
        }
    }
}

pub(crate) const USAGE: &str = "\
usage: lab bench vrrp [--part takeover|cost|many|bad|repair|restart]... [--quick] [--trials N]";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_words_everything_is_done_in_full() {
        let options = Options::parse(&[]).unwrap();
        assert_eq!((options.parts.as_slice(), options.pace), (&Part::ALL[..], Pace::Full));
        assert_eq!((options.trials(300, 30), options.pace), (300, Pace::Full));
    }

    #[test]
    fn parts_keep_their_order_and_trials_can_be_told() {
        let words = ["--part", "restart", "--quick", "--part", "cost", "--trials", "7"];
        let options = Options::parse(&words).unwrap();
        assert_eq!(options.parts, [Part::Cost, Part::Restart]);
        assert_eq!((options.trials(300, 30), options.pace), (7, Pace::Quick));
    }

    #[test]
    fn what_it_does_not_know_it_refuses_with_what_there_is() {
        for (words, says) in [
            (&["--part", "all"][..], "takeover, cost, many, bad, repair, restart"),
            (&["--part"], "needs a name"),
            (&["--trials", "0"], "no trials"),
            (&["--slow"], "usage:"),
        ] {
            let error = format!("{:#}", Options::parse(words).unwrap_err());
            assert!(error.contains(says), "{error}");
        }
    }
}

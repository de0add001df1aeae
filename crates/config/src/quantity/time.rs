//! Durations with their unit, and the interval between adverts.

use clock::{Duration, Interval};

use super::Wrong;

/// A number and a unit: `"100ms"`, `"1.5s"`, `"2min"`, `"1h"`.
pub(crate) fn duration(text: &str) -> Result<Duration, Wrong> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let nanos_per_unit = match unit.trim_start() {
        _ if number.is_empty() => return Err(Wrong::new("is not a duration").hint(EXAMPLES)),
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "min" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        "" => return Err(Wrong::new("has no unit").hint(EXAMPLES)),
        _ => return Err(Wrong::new("has an unknown unit").hint("the units are ms, s, min and h")),
    };
    decimal(number, nanos_per_unit).map(Duration::from_nanos)
}

/// `number` times `unit`, rounded down.
fn decimal(number: &str, unit: u64) -> Result<u64, Wrong> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str, most: usize| {
        (1..=most).contains(&text.len()).then(|| text.parse::<u64>().ok()).flatten()
    };
    let (Some(whole_value), Some(fraction_value)) = (digits(whole, 9), digits(fraction, 9)) else {
        return Err(Wrong::new("is not a number with a unit").hint(EXAMPLES));
    };
    // At most nine digits each: the products fit u128, and `h` times 10^9 does not fit u64.
    let scale = 10_u128.pow(fraction.len().try_into().unwrap_or(0));
    let nanos = u128::from(whole_value) * u128::from(unit)
        + u128::from(fraction_value) * u128::from(unit) / scale;
    u64::try_from(nanos).map_err(|_| Wrong::new("is longer than anybody waits").hint(EXAMPLES))
}

/// VRRP's Advertisement_Interval: whole centiseconds, 10 ms to 40.95 s (RFC 9568 5.2.7).
pub(crate) fn interval(text: &str) -> Result<Interval, Wrong> {
    let duration = duration(text)?;
    let range = || Wrong::new("is not 10ms to 40.95s").hint("VRRP can say no other interval");
    if duration.is_zero() {
        return Err(range());
    }
    if duration.as_nanos() % CENTI != 0 {
        return Err(Wrong::new("is not a multiple of 10ms").hint("VRRP counts in 10 ms"));
    }
    let centis = u16::try_from(duration.as_nanos() / CENTI).map_err(|_| range())?;
    Interval::from_centis(centis).ok_or_else(range)
}

/// A duration as it would be written in the file.
pub(crate) fn write(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds >= 3600.0 {
        format!("{}h", seconds / 3600.0)
    } else if seconds >= 1.0 {
        format!("{seconds}s")
    } else {
        format!("{}ms", duration.as_nanos() as f64 / 1e6)
    }
}

const CENTI: u128 = 10_000_000;
const EXAMPLES: &str = "write a number and a unit, such as \"100ms\" or \"1s\"";

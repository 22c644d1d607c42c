//! `xs:duration`, as `cacheDuration` has it.

use chrono::TimeDelta;

/// A length of time; a month counts 30 days and a year 365. `None` for what is none, negative or beyond all measure.
pub(super) fn parse(text: &str) -> Option<TimeDelta> {
    let text = text.trim().strip_prefix('P')?;
    let (days, time) = text.split_once('T').unwrap_or((text, ""));
    let units = [
        (days, &[('Y', 365 * 86_400), ('M', 30 * 86_400), ('D', 86_400)]),
        (time, &[('H', 3600), ('M', 60), ('S', 1)]),
    ];
    let mut seconds = 0_i64;
    for (mut rest, units) in units {
        for (unit, length) in units {
            if let Some((number, after)) = rest.split_once(*unit) {
                let whole = number.split_once('.').map_or(number, |(whole, _)| whole);
                seconds = seconds.checked_add(i64::from(whole.parse::<u32>().ok()?).checked_mul(*length)?)?;
                rest = after;
            }
        }
        if !rest.is_empty() {
            return None;
        }
    }
    TimeDelta::try_seconds(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_read_by_its_units() {
        let seconds = |text| parse(text).map(|d| d.num_seconds());
        assert_eq!(seconds("PT1H"), Some(3600));
        assert_eq!(seconds("P1DT1M1.5S"), Some(86_461));
        assert_eq!(seconds("P0Y0M7D"), Some(7 * 86_400));
        assert_eq!(seconds("PT1393462294S"), Some(1_393_462_294));
        for bad in ["", "1H", "-PT1H", "P1H", "PT1X", "PT-1H", "PT99999999999999999999S"] {
            assert_eq!(seconds(bad), None, "{bad}");
        }
    }
}

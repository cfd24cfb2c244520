//! Moments of the composed calendar, printed the way rows print them.
//!
//! A moment is a number of milliseconds; nothing here reads a clock.

/// Milliseconds since 1970-01-01 in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment(pub(super) u64);

pub(super) const SECOND_MS: u64 = 1_000;
pub(super) const MINUTE_MS: u64 = 60 * SECOND_MS;
pub(super) const HOUR_MS: u64 = 60 * MINUTE_MS;
pub(super) const DAY_MS: u64 = 24 * HOUR_MS;

impl Moment {
    /// 2025-02-03T07:30:00Z, when the composed world begins.
    pub(super) const START: Moment = Moment(1_738_567_800_000);

    /// Returns the moment that many milliseconds later.
    pub(super) fn plus(self, later_ms: u64) -> Moment {
        Moment(self.0 + later_ms)
    }

    /// Returns the moment as `2025-03-03T08:15:00.000+00:00`.
    pub(super) fn print(self) -> String {
        let mut out = String::with_capacity(29);
        self.push(&mut out);
        out
    }

    /// Appends the printed moment.
    pub(super) fn push(self, out: &mut String) {
        let (year, month, day) = civil_date(self.0 / DAY_MS);
        let within_day_ms = self.0 % DAY_MS;
        push_digits(out, year, 4);
        out.push('-');
        push_digits(out, month, 2);
        out.push('-');
        push_digits(out, day, 2);
        out.push('T');
        push_digits(out, within_day_ms / HOUR_MS, 2);
        out.push(':');
        push_digits(out, within_day_ms / MINUTE_MS % 60, 2);
        out.push(':');
        push_digits(out, within_day_ms / SECOND_MS % 60, 2);
        out.push('.');
        push_digits(out, within_day_ms % SECOND_MS, 3);
        out.push_str("+00:00");
    }
}

/// Appends the number with leading zeros up to the given count of digits.
pub(super) fn push_digits(out: &mut String, number: u64, digits: u32) {
    for place in (0..digits).rev() {
        out.push(char::from(b'0' + (number / 10_u64.pow(place) % 10) as u8));
    }
}

/// Returns year, month and day of a count of days since 1970-01-01.
fn civil_date(days: u64) -> (u64, u64, u64) {
    // Years are counted from March, so that the leap day is the last of its year and months have a regular pattern.
    let days = days + 719_468;
    let era = days / 146_097;
    let day_of_era = days % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(moment: Moment, expect: &str) {
        assert_eq!(moment.print(), expect);
    }

    #[test]
    fn moments_print_with_milliseconds() {
        check(Moment(0), "1970-01-01T00:00:00.000+00:00");
        check(Moment::START, "2025-02-03T07:30:00.000+00:00");
        check(Moment(1_709_251_199_999), "2024-02-29T23:59:59.999+00:00");
        check(Moment::START.plus(330 * DAY_MS), "2025-12-30T07:30:00.000+00:00");
    }
}

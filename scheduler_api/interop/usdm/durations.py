"""Read ISO 8601 durations, and add them up without losing what a calendar of days cannot say."""

from __future__ import annotations

import re
from dataclasses import dataclass

_DURATION = re.compile(
    r"P(?:(?P<years>\d{1,5})Y)?(?:(?P<months>\d{1,5})M)?(?:(?P<weeks>\d{1,5})W)?(?:(?P<days>\d{1,5})D)?"
    r"(?:T(?:(?P<hours>\d{1,6})H)?(?:(?P<minutes>\d{1,6})M)?(?:(?P<seconds>\d{1,6})S)?)?",
    re.ASCII,
)
A_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class Length:
    """A distance in days, months and minutes, any of which may be negative; `in_weeks`: days were said as weeks."""

    days: int = 0
    months: int = 0
    minutes: int = 0
    in_weeks: bool = True

    def __add__(self, other: Length) -> Length:
        """Return the sum. No unit is turned into another one."""
        in_weeks = self.in_weeks and other.in_weeks
        return Length(self.days + other.days, self.months + other.months, self.minutes + other.minutes, in_weeks)

    def __neg__(self) -> Length:
        """Return the same distance in the other direction."""
        return Length(-self.days, -self.months, -self.minutes, self.in_weeks)

    def __sub__(self, other: Length) -> Length:
        """Return the difference."""
        return self + -other

    @property
    def whole(self) -> Length:
        """Return the same with whole days made of minutes: 24 hours are a day, 36 are a day and 720 minutes."""
        more, minutes = divmod(abs(self.minutes), A_DAY)
        sign = -1 if self.minutes < 0 else 1
        return Length(self.days + sign * more, self.months, sign * minutes, self.in_weeks and not more)

    def document(self) -> dict[str, int]:
        """Return it as the language of protocols says it; its minutes are left out."""
        if self.months:
            return {"months": self.months}
        if self.days and self.in_weeks and self.days % 7 == 0:
            return {"weeks": self.days // 7}
        return {"days": self.days}

    def words(self) -> str:
        """Return it in words, without a sign."""
        ((unit, number),) = self.document().items()
        return f"{abs(number)} {unit if abs(number) != 1 else unit[:-1]}"


def read_length(text: str) -> Length | None:
    """Return the length that an ISO 8601 duration in whole numbers says; None if it is none."""
    match = _DURATION.fullmatch(text)
    if match is None or text.endswith(("P", "T")):
        return None
    number = {name: int(value or 0) for name, value in match.groupdict().items()}
    minutes = 60 * number["hours"] + number["minutes"]
    if number["seconds"]:
        minutes += -(-number["seconds"] // 60)
    return Length(
        7 * number["weeks"] + number["days"], 12 * number["years"] + number["months"], minutes, not number["days"]
    )

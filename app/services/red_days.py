"""Sweden's red days: public holidays and the three eves most places close on."""

from datetime import date
from functools import lru_cache

import holidays


@lru_cache(maxsize=256)
def red_days(year: int) -> frozenset[date]:
    """The public holidays of `year`, and midsummer's, Christmas and New Year's eve.

    Days are those of lagen (1989:253) om allmänna helgdagar, without mere Sundays: a place open on
    Sundays has said so. The eves are "de facto" holidays in the package `holidays`, whose list
    reaches the year 2100; a year it does not know has no red days here.
    """
    return frozenset(
        holidays.country_holidays(
            "SE",
            years=year,
            categories=(holidays.PUBLIC, holidays.DE_FACTO),
            include_sundays=False,
        )
    )


def is_red(day: date) -> bool:
    return day in red_days(day.year)

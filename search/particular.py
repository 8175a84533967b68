"""Groups for one illness, origin, loss or way of life: beside the point for who has told of no such thing."""

from search.features import Features
from search.wishes import Wishes

PARTICULAR = frozenset(
    (
        "addiction", "addiction-relatives", "asylum-seekers", "bereaved", "carers", "deaf-hard-of-hearing",
        "deafblind", "dementia", "eating-disorders", "ex-prisoners", "foreign-born", "formerly-homeless",
        "homeless", "intellectual-disability", "lgbtqi", "mobility-impairment", "national-minorities",
        "neurodivergent", "newcomers", "newly-separated", "parents-with-disability", "serious-illness",
        "severe-mental-illness", "sick-leave", "single-parents", "students", "suicide-bereaved", "trans",
        "undocumented", "unemployed", "violence-exposed", "visual-impairment",
    )
)  # fmt: skip
# Who asks in another language, or for one, has told as much.
FROM_ELSEWHERE = frozenset(("asylum-seekers", "foreign-born", "national-minorities", "newcomers"))
TOLD = 0.2  # of a wish for an audience: so much is read of her


def untold(wishes: Wishes) -> frozenset[str]:
    """The particular groups of which nothing is told in a question."""
    told = {*wishes.belongs, *(term for term, weight in wishes.audiences.items() if weight >= TOLD)}
    if wishes.languages or wishes.asked_in != "sv":
        told |= FROM_ELSEWHERE
    return PARTICULAR - told


def is_for(of: Features, others: frozenset[str]) -> bool:
    """Whether a listing admits only those particular others."""
    closed = of.only & PARTICULAR
    return bool(closed) and closed <= others

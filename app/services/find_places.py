"""The gazetteer as the reading of questions sees it."""

from collections import defaultdict

from app.services.geography import Gazetteer, PlaceHit
from search.understanding.placebook import Place, Places, reach_km


def book(gazetteer: Gazetteer) -> Places:
    """A book of all places with their other names, and of the postcodes."""
    others: dict[PlaceHit, set[str]] = defaultdict(set)
    for name, hits in gazetteer.by_other_name.items():
        for hit in hits:
            others[hit].add(name)
    own = {hit: None for hits in gazetteer.by_name.values() for hit in hits}
    return Places(
        ((_place(hit), others[hit]) for hit in (own | dict.fromkeys(others))),
        {digits: _place(hit) for digits, hit in gazetteer.by_postcode.items()},
    )


def point_place(lat: float, lon: float) -> Place:
    """A point given by the client, as a place."""
    return Place("", "point", None, None, lat, lon, radius_km=3)


def _place(hit: PlaceHit) -> Place:
    return Place(
        hit.name,
        hit.kind,
        hit.municipality_code,
        hit.county_code,
        hit.lat,
        hit.lon,
        population=hit.population,
        radius_km=reach_km(hit.kind, hit.population),
    )

"""Regions, villages, hospitals and other names that the gazetteer of kommuner and localities lacks."""

from functools import lru_cache

from search.understanding.pieces import read_data
from search.understanding.placebook import Place, longest_names, place_key

VILLAGE_KM, SITE_KM = 4, 2


@lru_cache
def _regions() -> dict[str, Place]:
    found = {}
    for name, region in read_data("regions.yaml")["regions"].items():
        lat, lon, radius = region.get("point", (0.0, 0.0, 0.0))
        codes = tuple(region.get("kommuner", ()))
        counties = {code[:2] for code in codes}
        county = counties.pop() if len(counties) == 1 else None
        circles = tuple((lat, lon, km) for lat, lon, km in region.get("circles", ()))
        found[name] = Place(
            region["names"][0], "region", None, county, lat, lon, None, codes, radius, circles
        )
    for name, (kommun, lat, lon) in read_data("regions.yaml")["villages"].items():
        point = Place(name, "region", kommun, kommun[:2], lat, lon, None, (), VILLAGE_KM)
        found[place_key(name).replace(" ", "-")] = point
    for site_id, site in read_data("sites.yaml").items():
        kommun, (lat, lon) = site["kommun"], site["point"]
        found[site_id] = Place(site["names"][0], "region", kommun, kommun[:2], lat, lon, None, (), SITE_KM)
    return found


def region(name: str) -> Place | None:
    """The region or village of an id."""
    return _regions().get(name)


@lru_cache
def region_ids() -> dict[str, str]:
    return {place.name: name for name, place in _regions().items()}


@lru_cache
def other_names() -> dict[str, str]:
    """Keys of names outside the gazetteer → value."""
    data = read_data("regions.yaml")
    found = {
        place_key(name): f"region:{region_id}"
        for region_id, region in (data["regions"] | read_data("sites.yaml")).items()
        for name in region["names"]
    }
    found.update(
        {place_key(name): f"region:{place_key(name).replace(' ', '-')}" for name in data["villages"]}
    )
    found.update({place_key(name): value for value, names in data["aliases"].items() for name in names})
    return found


@lru_cache
def longest_other() -> dict[str, int]:
    return longest_names(other_names())

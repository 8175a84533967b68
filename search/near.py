"""How near a listing is to a place that was named."""

import math

from search.features import Features
from search.understanding.placebook import Place
from search.words import fold

EARTH_KM = 6371.0
FAR = 0.3  # what comes by phone or online is as near as this everywhere
SHORTEST_REACH_KM = 1.5
COUNTY_REACH_KM = 40.0  # a county's point is its middle
FALL_KM = 14.0
SAME_KOMMUN, SAME_COUNTY = 0.45, 0.15
OUTSIDE = 0.75  # just beyond the place: what is in it goes before a neighbour that fits as well


def distance_km(one: tuple[float, float], other: tuple[float, float]) -> float:
    """The great-circle distance between two points (lat, lon)."""
    lat, lon, lat2, lon2 = (math.radians(value) for value in (*one, *other))
    half = math.sin((lat2 - lat) / 2) ** 2 + math.cos(lat) * math.cos(lat2) * math.sin((lon2 - lon) / 2) ** 2
    return 2 * EARTH_KM * math.asin(math.sqrt(min(1.0, half)))


def nearness(features: Features, place: Place) -> float:
    """1 there, falling with distance; 0.3 for what can be reached from anywhere; 0 far away."""
    if _lies_in(features, place):
        return 1.0
    far = FAR if _remote(features) else 0.0
    if features.point is None or place.municipality_codes:
        return far
    same_kommun = features.municipality is not None and features.municipality == place.municipality_code
    if features.approximate and place.kind != "kommun":
        return max(far, 0.5 if same_kommun else 0.0)
    away = _away_km(features.point, place)
    if away <= 0 and not _told_apart(features, place):
        return 1.0
    same_county = features.county is not None and features.county == place.county_code
    near = OUTSIDE * math.exp(-max(away, 0.0) / FALL_KM)
    return max(far, near, SAME_KOMMUN * same_kommun, SAME_COUNTY * same_county)


def _away_km(point: tuple[float, float], place: Place) -> float:
    """Kilometres beyond the reach of a place; 0 or less within it."""
    if place.circles:
        return min(distance_km(point, (lat, lon)) - km for lat, lon, km in place.circles)
    reach = COUNTY_REACH_KM if place.kind == "county" else max(place.radius_km, SHORTEST_REACH_KM)
    return distance_km(point, (place.lat, place.lon)) - reach


def _told_apart(features: Features, place: Place) -> bool:
    """Whether another kommun or county is known to be the one it lies in, however near."""
    if place.kind == "county":
        return features.county is not None
    return place.kind == "kommun" and features.municipality is not None


def _lies_in(features: Features, place: Place) -> bool:
    match place.kind:
        case "county":
            return place.county_code == features.county
        case "kommun":
            return features.municipality == place.municipality_code
        case "point":
            return False
        case _:
            return features.municipality in place.municipality_codes or (
                bool(features.places) and fold(place.name) in features.places
            )


def _remote(features: Features) -> bool:
    return not features.attendance.isdisjoint({"online", "phone"}) or (
        features.municipality is None and features.attendance != {"in_person"}
    )

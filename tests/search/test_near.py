"""How near a listing is to the place asked for."""

from search.features import Features
from search.near import FAR, nearness
from search.understanding.placebook import Place
from search.understanding.regions import region

TOWN = Place("Storstad", "kommun", "0181", "01", 59.20, 17.63, 70_000, (), 15)


def at(lat, lon, municipality=None, **more):
    return Features(point=(lat, lon), municipality=municipality, attendance=frozenset({"in_person"}), **more)


def test_what_is_in_the_kommun_goes_before_a_neighbour_however_near():
    inside, neighbour = at(59.05, 17.3, "0181"), at(59.20, 17.70, "0127")
    assert nearness(inside, TOWN) == 1.0
    assert FAR < nearness(neighbour, TOWN) < 1.0


def test_the_nearer_of_two_neighbours_goes_first():
    assert nearness(at(59.20, 17.9, "0127"), TOWN) > nearness(at(59.20, 18.3, "0180"), TOWN)


def test_a_neighbouring_county_is_not_the_county():
    county = Place("Storlän", "county", None, "01", 59.3, 18.0)
    assert nearness(at(59.5, 17.6, "0380", county="03"), county) < 1.0
    assert nearness(at(59.9, 18.9, "0188", county="01"), county) == 1.0


def test_across_the_river_is_beyond_the_island():
    hisingen = region("hisingen")
    assert nearness(at(57.7075, 11.938, "1480"), hisingen) == 1.0  # Lindholmen
    assert nearness(at(57.704, 11.967, "1480"), hisingen) < 1.0  # the old town


def test_a_province_reaches_into_another_kommun():
    harjedalen = region("harjedalen")
    assert nearness(at(62.85, 12.79, "2326"), harjedalen) == 1.0  # Ljungdalen
    assert nearness(at(63.18, 14.64, "2380"), harjedalen) < 0.2  # Östersund

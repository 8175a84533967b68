"""Where is "Farsta"? Names of places and postcodes to points, and the import of larger gazetteers."""

import csv
import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import BadRequest, FieldProblem, Invalid
from app.models.base import Base
from app.models.taxonomy import County, Municipality, Place, Postcode
from app.services.snapshots import Snapshot
from app.services.taxonomies import upsert

POSTCODE = re.compile(r"^(?:SE?[- ]?)?([0-9]{3}) ?([0-9]{2})$", re.IGNORECASE)
PLACE_COLUMNS = ("name", "kind", "municipality_code", "lat", "lon", "population", "alt_names", "name_quality")
POSTCODE_COLUMNS = ("postal_code", "postort", "municipality_code", "lat", "lon")
# A name of several kinds means the largest thing first.
KINDS = {"kommun": 0, "ort": 1, "stadsdel": 1, "distrikt": 2, "regso": 2, "county": 3}
REGSO_PEOPLE = 3_000  # SCB draws the areas at about this size; it ranks names without a population


@dataclass(frozen=True, slots=True)
class PlaceHit:
    """A place by name. `kind`: kommun, county, ort, stadsdel, distrikt, regso or postcode.

    `municipality_code` is None for a county; `display` is False for names only matched, never shown.
    """

    name: str
    kind: str
    municipality_code: str | None
    county_code: str | None
    lat: float
    lon: float
    population: int | None = None
    display: bool = True


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """Places by folded name (own names first, then other names), postcodes by five digits."""

    by_name: Mapping[str, tuple[PlaceHit, ...]]
    by_other_name: Mapping[str, tuple[PlaceHit, ...]]
    by_postcode: Mapping[str, PlaceHit]
    people: Mapping[str, int]  # of a kommun, by code

    def named(self, text: str) -> tuple[PlaceHit, ...]:
        """Every place called so, own names before other names."""
        key = fold(text)
        return self.by_name.get(key, ()) + self.by_other_name.get(key, ())


def fold(name: str) -> str:
    """A name without case, accents and the spellings that stand for them: `AElgaras` is `Älgarås`."""
    spread = unicodedata.normalize("NFKD", name.casefold().replace("ø", "o").replace("æ", "ae"))
    plain = "".join(c for c in spread if not unicodedata.combining(c))
    plain = plain.replace("ae", "a").replace("oe", "o").replace("aa", "a")
    return " ".join(re.sub(r"[^\w]+", " ", plain).split())


def resolve_place(gazetteer: Gazetteer, text: str, near_municipality: str | None = None) -> PlaceHit | None:
    """The place a person most likely means by a name or a postcode; None when there is none.

    Of several places with one name, those in `near_municipality` (a kommun code) come first, then those in
    its county, then names written just so before folded ones, then by kind and population.
    """
    postcode = POSTCODE.match(text.strip())
    if postcode:
        return gazetteer.by_postcode.get("".join(postcode.groups()))
    wanted = text.strip().casefold()

    def rank(hit: PlaceHit) -> tuple[bool, bool, bool, int, int, int]:
        home = near_municipality is not None and hit.municipality_code == near_municipality
        county = near_municipality is not None and hit.county_code == near_municipality[:2]
        return (
            not home,
            not county,
            not _called(hit, wanted),
            KINDS.get(hit.kind, 2),
            -(hit.population or (REGSO_PEOPLE if hit.kind in {"regso", "stadsdel"} else 0)),
            -gazetteer.people.get(hit.municipality_code or "", 0),
        )

    key = fold(text)
    own, other = gazetteer.by_name.get(key, ()), gazetteer.by_other_name.get(key, ())
    return min(own + other, key=rank, default=None)


def _called(hit: PlaceHit, wanted: str) -> bool:
    """False for a name that is like the wanted one only when both are folded (Ära for are)."""
    return hit.name.casefold() == wanted or fold(hit.name) != fold(wanted)


def _read(session: Session) -> Gazetteer:
    """The places as they stand in the tables, kept for the life of the process."""
    own: dict[str, list[PlaceHit]] = defaultdict(list)
    other: dict[str, list[PlaceHit]] = defaultdict(list)
    people: dict[str, int] = {}
    county_of: dict[str, str] = {}
    for county in session.scalars(select(County).order_by(County.code)):
        hit = PlaceHit(county.name, "county", None, county.code, county.lat, county.lon)
        own[fold(county.name)].append(hit)
        other[fold(f"{county.name_short} län")].append(hit)
    for row in session.scalars(select(Municipality).order_by(Municipality.code)):
        hit = _kommun_hit(row)
        people[row.code], county_of[row.code] = row.population or 0, row.county_code
        own[fold(row.name_short)].append(hit)
        for name in (row.name, f"{row.name_short} kommun", f"{row.name_short}s stad"):
            other[fold(name)].append(hit)
    columns = (
        Place.name,
        Place.kind,
        Place.municipality_code,
        Place.lat,
        Place.lon,
        Place.population,
        Place.display,
        Place.alt_names,
    )
    for name, kind, code, lat, lon, population, display, also in session.execute(
        select(*columns).order_by(Place.id)
    ):
        hit = PlaceHit(name, kind, code, county_of[code], lat, lon, population, display)
        own[fold(name)].append(hit)
        for key in {fold(word) for word in also} - {fold(name), ""}:
            other[key].append(hit)
    return Gazetteer(
        by_name=_frozen(own),
        by_other_name=_frozen(other),
        by_postcode=MappingProxyType(
            {row.code: _postcode_hit(row, county_of) for row in session.scalars(select(Postcode))}
        ),
        people=MappingProxyType(people),
    )


def _kommun_hit(row: Municipality) -> PlaceHit:
    """A kommun stands where its people live; the middle of its area is often forest."""
    lat = row.lat if row.main_lat is None else row.main_lat
    lon = row.lon if row.main_lon is None else row.main_lon
    return PlaceHit(row.name_short, "kommun", row.code, row.county_code, lat, lon, row.population)


def _postcode_hit(row: Postcode, county_of: Mapping[str, str]) -> PlaceHit:
    county = county_of.get(row.municipality_code or "")
    return PlaceHit(row.city, "postcode", row.municipality_code, county, row.lat, row.lon)


def _frozen(hits: Mapping[str, list[PlaceHit]]) -> Mapping[str, tuple[PlaceHit, ...]]:
    return MappingProxyType({name: tuple(found) for name, found in hits.items() if name})


gazetteer: Snapshot[Gazetteer] = Snapshot(_read, worth_keeping=lambda found: bool(found.by_name))


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a file of places or postcodes looks like, and where its rows go."""

    columns: tuple[str, ...]
    read: Callable[[Mapping[str, str], frozenset[str]], dict[str, Any] | None]
    model: type[Base]
    key: tuple[str, ...]


def import_places(session: Session, path: Path) -> int:
    """Add or refresh places from a CSV with `PLACE_COLUMNS` (others are passed over).

    A name whose `name_quality` is `ascii` is matched, not shown. Rows of kind `kommun` are passed over.
    Returns how many rows were written. Raises BadRequest on a file without the columns, Invalid with every
    bad row. Flushes; the caller commits.
    """
    return _import(session, path, _Shape(PLACE_COLUMNS, _place, Place, ("name", "kind", "municipality_code")))


def import_postcodes(session: Session, path: Path) -> int:
    """Add or refresh postcodes from a CSV with `POSTCODE_COLUMNS`, else as `import_places`.

    Rows without a point (boxes of companies) are passed over.
    """
    return _import(session, path, _Shape(POSTCODE_COLUMNS, _postcode, Postcode, ("code",)))


def _import(session: Session, path: Path, shape: _Shape) -> int:
    kommuner = frozenset(session.scalars(select(Municipality.code)))
    problems: list[FieldProblem] = []
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for number, row in enumerate(_rows(path, shape.columns), start=2):
        try:
            made = shape.read(row, kommuner)
        except ValueError as error:
            problems.append(FieldProblem(f"/{number}", "invalid-row", f"Row {number}: {error}"))
            continue
        if made is not None:
            key = tuple(made[name] for name in shape.key)
            if key not in found or (made.get("population") or 0) > (found[key].get("population") or 0):
                found[key] = made
    if problems:
        raise Invalid(f"{len(problems)} rows cannot be read; nothing was written.", problems)
    written = upsert(session, shape.model, list(found.values()), shape.key)
    gazetteer.reset_cache()
    return written


def _rows(path: Path, columns: Sequence[str]) -> Iterator[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restval="")
            missing = [name for name in columns if name not in (reader.fieldnames or ())]
            if missing:
                raise BadRequest(f"The file lacks the columns {', '.join(missing)}.")
            yield from reader
    except UnicodeDecodeError as error:
        raise BadRequest("The file is not UTF-8.") from error
    except OSError as error:
        raise BadRequest(f"The file cannot be opened: {error.strerror}.") from error


def _point(row: Mapping[str, str]) -> dict[str, float]:
    try:
        lat, lon = float(row["lat"]), float(row["lon"])
    except ValueError:
        raise ValueError("lat and lon must be numbers") from None
    if not (math.isfinite(lat) and math.isfinite(lon) and 54 < lat < 70 and 9 < lon < 26):
        raise ValueError("the point is outside Sweden")
    return {"lat": lat, "lon": lon}


def _place(row: Mapping[str, str], kommuner: frozenset[str]) -> dict[str, Any] | None:
    if row["kind"] == "kommun":
        return None
    if not row["name"].strip() or not row["kind"]:
        raise ValueError("name and kind are needed")
    if row["municipality_code"] not in kommuner:
        raise ValueError("municipality_code is not a kommun's code")
    if row["population"] and not row["population"].isdecimal():
        raise ValueError("population must be a whole number")
    return {
        "name": row["name"].strip(),
        "kind": row["kind"],
        "municipality_code": row["municipality_code"],
        **_point(row),
        "population": int(row["population"]) if row["population"] else None,
        "alt_names": [name.strip() for name in row["alt_names"].split("|") if name.strip()],
        "display": row["name_quality"] != "ascii",
    }


def _postcode(row: Mapping[str, str], kommuner: frozenset[str]) -> dict[str, Any] | None:
    if not row["lat"] and not row["lon"]:
        return None
    code = row["postal_code"].replace(" ", "")
    if not (code.isdecimal() and len(code) == 5):
        raise ValueError("postal_code must have five digits")
    if row["municipality_code"] and row["municipality_code"] not in kommuner:
        raise ValueError("municipality_code is not a kommun's code")
    return {
        "code": code,
        "city": row["postort"].strip(),
        "municipality_code": row["municipality_code"] or None,
        **_point(row),
    }

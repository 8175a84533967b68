"""Search in PostgreSQL for the time when Meilisearch does not answer: the same question, the same answer.

The filters are the same tree over the same documents, so all are obeyed. The words are the same folded
Swedish stems; without typo tolerance and synonyms fewer match.
"""

from collections.abc import Sequence
from typing import Any, assert_never

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Float,
    Text,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    literal_column,
    not_,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH
from sqlalchemy.orm import Session

from app.models import SearchDocument
from search.filters import (
    And,
    AtLeast,
    AtMost,
    Between,
    Equals,
    Filter,
    GeoBox,
    GeoRadius,
    In,
    Missing,
    Not,
    Or,
    Value,
)
from search.pool import Probe
from search.queries import FACETS, Nearest, Order, SearchQuery
from search.words import fold, query_words, stem

EARTH_METRES = 6_371_000.0
_BODY = SearchDocument.body
Condition = ColumnElement[bool]


def results(session: Session, probes: Sequence[Probe]) -> list[dict[str, Any]]:
    """Answer the questions of an understood search in the shape the engine answers them in."""
    return [_result(session, probe) for probe in probes]


def _result(session: Session, probe: Probe) -> dict[str, Any]:
    query = SearchQuery(
        groups=() if probe.condition is None else (("all", probe.condition),),
        sort=probe.sort,
        page=probe.page,
        limit=probe.limit,
    )
    words = _tsquery(query_words(probe.text), " & " if probe.strategy == "all" else " | ")
    found: dict[str, Any] = {"hits": [], "totalHits": _count(session, query, words)}
    if probe.limit:
        ids = _ids(session, query, words)
        fields = [_BODY[name].label(name) for name in probe.retrieve if name != "id"]
        rows = session.execute(select(SearchDocument.id, *fields).where(SearchDocument.id.in_(ids)))
        by_id = {row.id: dict(row._mapping) for row in rows}  # noqa: SLF001  the public way to a dict
        found["hits"] = [by_id[one] for one in ids]
    names = {field: name for name, field in FACETS.items()}
    found["facetDistribution"] = {
        field: _counts(session, query, words, names[field]) for field in probe.facets
    }
    return found


def compiled(node: Filter) -> Condition:  # noqa: C901, PLR0911  one line for each kind of node
    """The filter as SQL over a document's body; never NULL, so that NOT is its complement."""
    match node:
        case And(parts):
            return and_(*(compiled(part) for part in parts))
        case Or(parts):
            return or_(false(), *(compiled(part) for part in parts))
        case Not(part):
            return ~compiled(part)
        case Equals(field, value):
            return _holds(field, value)
        case In(field, values):
            return or_(false(), *(_holds(field, value) for value in values))
        case AtLeast(field, bound):
            return _path(field, "@ >= $a", a=bound)
        case AtMost(field, bound):
            return _path(field, "@ <= $a", a=bound)
        case Between(field, low, high):
            return _path(field, "@ >= $a && @ <= $b", a=low, b=high)
        case Missing(field):
            return not_(_surely(_BODY.has_key(field)))
        case GeoRadius(lat, lon, metres):
            return _surely(_metres(lat, lon) <= metres)
        case GeoBox(south, west, north, east):
            inside = (
                and_(_lon() >= west, _lon() <= east) if west <= east else or_(_lon() >= west, _lon() <= east)
            )
            return _surely(and_(_lat() >= south, _lat() <= north, inside))
        case _:
            assert_never(node)


def _holds(field: str, value: Value) -> Condition:
    # An array contains the value, or the value itself is it: jsonb's @> says both.
    return _surely(_BODY[field].op("@>")(type_coerce(value, JSONB)))


def _surely(condition: ColumnElement[Any]) -> Condition:
    return func.coalesce(condition, False, type_=Boolean)


def _path(field: str, condition: str, **bounds: float) -> Condition:
    path = cast(literal(f'$."{field}" ? ({condition})'), JSONPATH)
    return func.jsonb_path_exists(_BODY, path, type_coerce(bounds, JSONB), type_=Boolean)


def _lat() -> ColumnElement[float]:
    return cast(_BODY["_geo"]["lat"].astext, Float)


def _lon() -> ColumnElement[float]:
    return cast(_BODY["_geo"]["lng"].astext, Float)


def _metres(lat: float, lon: float) -> ColumnElement[float]:
    """The great-circle distance to a document's point."""
    half = func.power(func.sin(func.radians(_lat() - lat) / 2), 2) + func.cos(func.radians(lat)) * func.cos(
        func.radians(_lat())
    ) * func.power(func.sin(func.radians(_lon() - lon) / 2), 2)
    return 2 * EARTH_METRES * func.asin(func.sqrt(func.least(1.0, half)))


def _tsquery(words: list[str], joined: str) -> ColumnElement[Any] | None:
    """The words as folded stems, the last one as a beginning; None without words."""
    lexemes = [
        [fold(stem(part)) for part in word.replace("'", " ").replace("\\", " ").split()] for word in words
    ]
    flat = [lexeme for parts in lexemes for lexeme in parts if lexeme]
    if not flat:
        return None
    written = joined.join([*(f"'{one}'" for one in flat[:-1]), f"'{flat[-1]}':*"])
    return func.to_tsquery(literal_column("'simple'::regconfig"), written)


def _orders(query: SearchQuery, words: ColumnElement[Any] | None) -> list[ColumnElement[Any]]:
    orders: list[ColumnElement[Any]] = []
    for order in query.sort:
        match order:
            case Nearest(lat, lon):
                orders.append(_metres(lat, lon).asc().nulls_last())
            case Order(field, descending):
                value = (
                    _BODY[field].astext.collate("C")
                    if field == "sort_title"
                    else cast(_BODY[field].astext, Float)
                )
                orders.append((value.desc() if descending else value.asc()).nulls_last())
            case _:
                assert_never(order)
    if words is not None:
        orders.append(func.ts_rank_cd(SearchDocument.searchable, words, 1).desc())
    orders += [
        cast(_BODY["threshold"].astext, Float).desc(),
        cast(_BODY["confirmed_day"].astext, Float).desc().nulls_last(),
        SearchDocument.id.asc(),
    ]
    return orders


def _matching(
    query: SearchQuery, words: ColumnElement[Any] | None, *, without: str | None = None
) -> list[Condition]:
    condition = query.condition(without=without)
    return [
        *([] if condition is None else [compiled(condition)]),
        *([] if words is None else [SearchDocument.searchable.op("@@")(words)]),
    ]


def _ranked(query: SearchQuery, words: ColumnElement[Any] | None, *, without: str | None = None) -> Any:
    """Every matching document with its place in the order, and its place within its listing."""
    orders = _orders(query, words)
    return (
        select(
            SearchDocument.id,
            func.row_number().over(order_by=orders).label("place"),
            func.row_number().over(partition_by=SearchDocument.listing_id, order_by=orders).label("nth"),
        )
        .where(*_matching(query, words, without=without))
        .subquery()
    )


def _count(session: Session, query: SearchQuery, words: ColumnElement[Any] | None) -> int:
    statement = select(func.count(SearchDocument.listing_id.distinct())).where(*_matching(query, words))
    return session.scalar(statement) or 0


def _ids(session: Session, query: SearchQuery, words: ColumnElement[Any] | None) -> list[str]:
    ranked = _ranked(query, words)
    statement = (
        select(ranked.c.id)
        .where(ranked.c.nth == 1)
        .order_by(ranked.c.place)
        .limit(query.limit)
        .offset((query.page - 1) * query.limit)
    )
    return list(session.scalars(statement))


def _counts(
    session: Session, query: SearchQuery, words: ColumnElement[Any] | None, name: str
) -> dict[str, int]:
    field = _BODY[FACETS[name]]
    ranked = _ranked(query, words, without=name)
    values = func.jsonb_array_elements_text(
        case((func.jsonb_typeof(field) == "array", field), else_=func.jsonb_build_array(field))
    ).table_valued("value", joins_implicitly=True)
    statement = (
        select(cast(values.c.value, Text), func.count())
        .select_from(SearchDocument)
        .join(ranked, ranked.c.id == SearchDocument.id)
        .where(ranked.c.nth == 1, _BODY.has_key(FACETS[name]))
        .group_by(values.c.value)
        .order_by(func.count().desc(), values.c.value)
    )
    return {str(row[0]): int(row[1]) for row in session.execute(statement)}

"""Listings as search documents: one for each venue, built the same for the live sync and the rebuild."""

import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from app.models import Listing
from app.schemas.listing import ListingIn, VenueIn, Visibility
from app.services import capacity, publishing, venues
from app.services.document_hours import hours, rules_of
from app.services.taxonomies import Kommun, Term, Vocabulary
from search.documents import AGE_OPEN_END, ListingDocument, Point
from search.features import Features, words_of
from search.signs import signs_of
from search.understanding.compounds import parts
from search.words import fold, is_stop_word, key, split, stems

_LISTING_FIELDS = (
    "external_id", "kind", "texts", "loneliness", "age", "cost", "attendance", "facts", "schedule",
    "contacts", "capacity", "answered_by", "crisis", "confirmed_on", "source",
)  # fmt: skip
# Letters that come last in the Swedish alphabet, in an order that plain comparison keeps.
_LAST_LETTERS = str.maketrans({"å": "zzza", "ä": "zzzb", "æ": "zzzb", "ö": "zzzc", "ø": "zzzc"})


def build(listing: Listing, *, today: date, vocabulary: Vocabulary) -> list[ListingDocument]:
    """The documents of a listing, one for each venue, one when it has none.

    Needs the organisation, the links and the venues loaded. Nothing of a venue goes in that its
    visibility does not let out, and no point of such a venue.
    """
    record = _record(listing)
    shared = _shared(listing, record, today, vocabulary)
    return [
        _at_venue(shared, venue, number, listing.organisation.municipality_code, vocabulary)
        for number, venue in enumerate(record.venues or [None])
    ]


def has_ended(listing: Listing, today: date) -> bool:
    """Whether every rule of the schedule lies in the past."""
    rules = listing.schedule or []
    ends = [rule.get("date") or rule.get("valid_to") for rule in rules]
    return bool(rules) and all(end is not None and str(end) < today.isoformat() for end in ends)


def sort_key(title: str) -> str:
    """A key whose plain order is the Swedish alphabetical one."""
    words = re.findall(r"\w+", title.lower())
    return fold(" ".join(words).translate(_LAST_LETTERS))


def _record(listing: Listing) -> ListingIn:
    given: dict[str, Any] = {name: getattr(listing, name) for name in _LISTING_FIELDS}
    given["categories"] = [link.category_id for link in listing.category_links]
    given["audiences"] = [{"term": link.audience_id, "only": link.only} for link in listing.audience_links]
    given["languages"] = [{"code": link.code, "mode": link.mode} for link in listing.language_links]
    given["venues"] = [venues.to_record(venue) for venue in listing.venues]
    return ListingIn.model_validate({name: value for name, value in given.items() if value not in (None, [])})


def _shared(listing: Listing, record: ListingIn, today: date, vocabulary: Vocabulary) -> dict[str, Any]:
    texts = record.texts or {}
    main = texts.get("sv") or texts.get("en") or next(iter(texts.values()), None)
    title = (main and main.title) or ""
    summary, description = (main and main.summary) or "", (main and main.description) or ""
    others = {lang: text for lang, text in texts.items() if text is not main}
    categories = _with_ancestors(record.categories or [], vocabulary)
    labels = _labels(record, categories, vocabulary)
    translated = [words for text in others.values() for words in (text.title, text.summary) if words]
    all_stems = stems(" ".join((title, summary, *labels, *translated)))
    noted = (record.cost and record.cost.note) or ""
    body_stems = stems(
        " ".join((description, noted, *(t.description for t in others.values() if t.description)))
    )
    known_stems = set(all_stems)
    cost = _cost(record)
    threshold = publishing.threshold(record)
    exchange = venues.public_listing(record)
    if capacity.has_ended(exchange.get("capacity") or {}, today):
        exchange.pop("capacity")  # the worker makes every document anew each day
    organisation = listing.organisation
    return {
        **hours(rules_of(record), today).model_dump(exclude_none=True),
        "listing_id": str(listing.id),
        "external_id": listing.external_id,
        "organisation_id": str(listing.organisation_id),
        "organisation_name": organisation.name,
        "kind": record.kind.value,
        "title": title,
        "summary": summary,
        "description": description,
        "title_i18n": {lang: text.title for lang, text in others.items() if text.title},
        "summary_i18n": {lang: text.summary for lang, text in others.items() if text.summary},
        "labels": labels,
        "stems": " ".join(all_stems),
        "stems_body": " ".join(stem for stem in body_stems if stem not in known_stems),
        "parts": " ".join(_parts(" ".join((title, summary, *labels)))),
        "sort_title": sort_key(title),
        "categories": categories,
        "audiences": [audience.term for audience in record.audiences or []],
        "audiences_only": [audience.term for audience in record.audiences or [] if audience.only],
        "languages": list(dict.fromkeys(language.code for language in record.languages or [])),
        "loneliness": record.loneliness or [],
        "attendance": record.attendance or [],
        "facts_true": [name for name, value in (record.facts or {}).items() if value],
        "facts_false": [name for name, value in (record.facts or {}).items() if not value],
        **_age(record),
        **cost,
        "threshold": threshold.score,
        "confirmed_day": record.confirmed_on.toordinal() if record.confirmed_on else None,
        **_span(record),
        "signs": sorted(signs_of(title, summary, description)),
        "card": {
            "id": str(listing.id),
            "organisation": {
                "id": str(organisation.id),
                "external_id": organisation.external_id,
                "name": organisation.name,
            },
            **{name: exchange[name] for name in _CARD_FIELDS if exchange.get(name) is not None},
            "threshold": {
                "score": threshold.score,
                "reasons": [reason._asdict() for reason in threshold.reasons],
            },
        },
    }


_CARD_FIELDS = (*_LISTING_FIELDS, "categories", "audiences", "languages")


def _at_venue(
    shared: dict[str, Any], venue: VenueIn | None, number: int, home: str | None, vocabulary: Vocabulary
) -> ListingDocument:
    """The document at one venue; a listing without any, nor online, belongs to its organisation's kommun."""
    code = venue.municipality_code if venue else None
    if venue is None and shared["kind"] != "support_line" and "online" not in shared["attendance"]:
        code = home
    kommun = vocabulary.municipalities.get(code) if code else None
    told = venues.public_view(venue) if venue else {}
    exact = venue is not None and venue.visibility is Visibility.PUBLIC and venue.lat is not None
    point = {"lat": told["lat"], "lng": told["lon"]} if exact else _main_point(kommun)
    facts = {**(told.get("facts") or {}), **shared["card"].get("facts", {})}
    card = {**shared["card"], "venue": told or None, "facts": facts}
    if exact:
        card["point"] = [told["lat"], told["lon"]]
    county = vocabulary.counties.get(kommun.county_code) if kommun else None
    names = _names(told, kommun, county.name if county else None)
    document = ListingDocument.model_validate(
        {
            **shared,
            "id": f"{shared['listing_id']}-{number}",
            "place_names": names,
            "municipality_code": kommun.code if kommun else None,
            "county_code": kommun.county_code if kommun else None,
            "district": told.get("district"),
            "facts_true": [name for name, value in facts.items() if value],
            "facts_false": [name for name, value in facts.items() if not value],
            "_geo": Point.model_validate(point) if point else None,
            "approximate_point": point is not None and not exact,
            "card": card,
        }
    )
    return document.model_copy(update={"features": _features(document).packed()})


def _features(document: ListingDocument) -> Features:
    """What ranking must know, out of the finished document."""
    card = document.card
    texts = " ".join((document.title, *document.title_i18n.values()))
    own = set(card.get("categories") or ())
    # Not the labels: the words of a category are on every listing of it, and tell none from another.
    told = " ".join((document.summary, document.organisation_name, *document.summary_i18n.values()))
    said = card.get("capacity") or {}
    cost = card.get("cost") or {}
    geo = document.geo
    return Features(
        listing_id=document.listing_id,
        kind=document.kind,
        series=f"{document.organisation_id}:{document.sort_title}:{document.municipality_code or ''}",
        categories=frozenset(own),
        broader=frozenset(document.categories) - own,
        audiences=frozenset(document.audiences),
        only=frozenset(document.audiences_only),
        languages=frozenset(document.languages),
        texts=frozenset(card.get("texts") or ()),
        loneliness=frozenset(document.loneliness),
        attendance=frozenset(document.attendance),
        facts=frozenset(document.facts_true),
        not_facts=frozenset(document.facts_false),
        signs=frozenset(document.signs),
        words=words_of(
            title=_keys(texts),
            near=_keys(told),
            parts=frozenset(key(part) for part in _parts(f"{texts} {document.summary}")),
            body=_keys(f"{document.description} {cost.get('note') or ''}"),
        ),
        places=frozenset(fold(name) for name in document.place_names),
        municipality=document.municipality_code,
        county=document.county_code,
        point=(geo.lat, geo.lng) if geo else None,
        approximate=document.approximate_point,
        age_min=document.age_min,
        age_max=document.age_max,
        cost=document.cost_kind,
        free=document.free,
        benefits=frozenset(cost.get("benefits") or ()),
        threshold=document.threshold,
        confirmed=document.confirmed_day,
        capacity=said.get("status"),
        # Until a day that was named it is believed, however long ago it was said.
        capacity_day=date.fromisoformat(said["as_of"]).toordinal()
        if said.get("as_of") and not said.get("until")
        else None,
        first_day=document.first_day,
        last_day=document.last_day,
        crisis=bool(card.get("crisis")),
        price=document.price_from_sek if cost.get("per") in {None, "visit"} else None,
    )


def _keys(text: str) -> frozenset[str]:
    return frozenset(key(word) for word in split(text) if not is_stop_word(word))


def _parts(text: str) -> list[str]:
    return list(dict.fromkeys(part for word in split(text) for part in parts(fold(word))))


def _span(record: ListingIn) -> dict[str, int | None]:
    """The first and last day of the whole schedule, where they are told."""
    rules = record.schedule or []
    begins = [rule.date or rule.valid_from for rule in rules]
    ends = [rule.date or rule.valid_to for rule in rules]
    return {
        "first_day": min(day for day in begins if day).toordinal() if rules and all(begins) else None,
        "last_day": max(day for day in ends if day).toordinal() if rules and all(ends) else None,
    }


def _main_point(kommun: Kommun | None) -> dict[str, float] | None:
    return {"lat": kommun.lat, "lng": kommun.lon} if kommun else None


def _names(told: dict[str, Any], kommun: Kommun | None, county: str | None) -> list[str]:
    names = [told.get(name) for name in ("name", "district", "city", "street")]
    return list(dict.fromkeys(name for name in (*names, kommun and kommun.name_short, county) if name))


def _with_ancestors(terms: Sequence[str], vocabulary: Vocabulary) -> list[str]:
    known = vocabulary.categories
    found = [one for term in terms for one in (term, *(known[term].ancestors if term in known else ()))]
    return list(dict.fromkeys(found))


def _labels(record: ListingIn, categories: Iterable[str], vocabulary: Vocabulary) -> list[str]:
    own = set(record.categories or ())
    terms: list[Term] = [vocabulary.categories[one] for one in categories if one in vocabulary.categories]
    terms += [
        vocabulary.audiences[audience.term]
        for audience in record.audiences or []
        if audience.term in vocabulary.audiences
    ]
    words = [
        word
        for term in terms
        for word in (term.sv, term.en, *(term.also if term.id in own or not term.children else ()))
    ]
    for language in record.languages or []:
        if language.code != "sv" and language.code in vocabulary.languages:
            spoken = vocabulary.languages[language.code]
            words += [name for name in (spoken.sv, spoken.en, spoken.autonym) if name]
    return list(dict.fromkeys(words))


def _age(record: ListingIn) -> dict[str, int]:
    if record.age is None:
        return {}
    return {
        "age_min": record.age.min if record.age.min is not None else 0,
        "age_max": record.age.max if record.age.max is not None else AGE_OPEN_END,
    }


def _cost(record: ListingIn) -> dict[str, Any]:
    """What it costs at least. A support line with a contact that is free to use is free."""
    cost = record.cost
    if cost is None:
        costs = {contact.cost for contact in record.contacts or []} - {None}
        return {"free": True, "price_from_sek": 0} if "free" in costs else {}
    free = cost.kind in {"free", "voluntary"}
    price = 0 if free else next((sek for sek in (cost.min_sek, cost.max_sek) if sek is not None), None)
    # Nothing for some and a price for others is not free: "free" is a promise to whoever comes.
    dearest = cost.max_sek if cost.max_sek is not None else price
    return {
        "cost_kind": cost.kind,
        "free": free or dearest == 0,
        "price_from_sek": price,
        "benefits": cost.benefits or [],
    }

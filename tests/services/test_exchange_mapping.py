"""A row and a mapping into records."""

from typing import Any

import pytest

from app.schemas.listing import ListingIn
from app.schemas.organisation import OrganisationIn
from app.services import exchange_mapping, publishing
from app.services.exchange_mapping import MappingError, loads
from app.services.exchange_read import Row
from app.services.exchange_report import Warnings
from app.services.exchange_rows import RowMapper, RowRecords, cut

KOMMUNER = {"påhittad": "0180", "påhittads kommun": "0180"}
SMALL = """
name: small
tables:
  - columns: {name: [Namn], tags: Taggar, age: Ålder, phone: Telefon, number: Orgnr, extra: Extra}
    ignore: [Anteckning]
    required: [name]
    skip: [{column: extra, matches: "^exempel$"}]
    organisation:
      fields:
        external_id: {from: name, parse: slug}
        name: {from: name}
        org_number: {from: number, parse: org_number, bad: warn}
    listing:
      needs: [categories]
      fields:
        external_id: {from: name, parse: slug}
        kind: {value: activity}
        texts.sv.title: {from: name, max_length: 20}
        texts.sv.summary: {template: ["{name}[, {age}].", "x"]}
        categories[]: {from: tags, split: ",", map: tag, limit: 2}
        age: {from: age, split: ",", parse: age}
        contacts[0].channel: {value: phone}
        contacts[0].value: {from: phone, parse: phone}
        contacts[1].channel: {value: web}
        contacts[1].value: {from: extra, parse: web_address, bad: warn}
        venues[].municipality_code: {value: "0180"}
        venues[].district: {from: extra, unless: phone}
maps:
  tag: {exact: {fika: coffee-meetup, övrigt: null}, matches: {"^kör": [music, social]}}
"""


def records(text: str, values: dict[str, object], sheet: str | None = None) -> tuple[RowRecords, Warnings]:
    warnings = Warnings()
    mapper = RowMapper(loads(text), warnings, KOMMUNER)
    return mapper.records(Row(sheet, 7, values)), warnings


def shipped(name: str, values: dict[str, Any], sheet: str | None = None) -> tuple[RowRecords, Warnings]:
    warnings = Warnings()
    mapper = RowMapper(exchange_mapping.load(name), warnings, KOMMUNER)
    return mapper.records(Row(sheet, 7, values)), warnings


def test_columns_become_fields() -> None:
    made, warnings = records(SMALL, {"Namn ": "Ö", "taggar": "Fika, Körsång, övrigt", "Telefon": "90101"})
    assert made.organisation == {"type": "organisation", "external_id": "o", "name": "Ö"}
    assert made.listing == {
        "type": "listing",
        "organisation": "o",
        "external_id": "o",
        "kind": "activity",
        "texts": {"sv": {"title": "Ö", "summary": "Ö."}},
        "categories": ["coffee-meetup", "music"],
        "contacts": [{"channel": "phone", "value": "90101"}],
    }
    assert warnings.entries.keys() == {"column tags: more than 2 values for categories[]; left out"}


def test_a_row_without_what_a_listing_needs_becomes_an_organisation_and_is_counted() -> None:
    made, warnings = records(SMALL, {"Namn": "A", "Taggar": "övrigt"})
    assert made.organisation
    assert made.listing is None
    assert "rows without a listing: only the organisation is kept" in warnings.entries


def test_an_unreadable_value_rejects_its_row_with_place_and_class() -> None:
    made, _ = records(SMALL, {"Namn": "A", "Taggar": "fika", "Telefon": "ring mig", "Ålder": "åk 4-6"})
    assert made.organisation is None
    assert [(r.row, r.column, r.value_class) for r in made.rejected] == [
        (7, "age", "text of 6 characters"),
        (7, "phone", "text of 8 characters"),
    ]


def test_a_personal_number_is_left_out_and_reported_without_itself() -> None:
    made, warnings = records(SMALL, {"Namn": "A", "Orgnr": "19121212-1212"})
    assert made.organisation == {"type": "organisation", "external_id": "a", "name": "A"}
    told = " ".join(warnings.entries)
    assert "personal number" in told
    assert "1212" not in told


def test_an_unknown_word_is_told_by_its_class_unless_the_map_shows_words() -> None:
    _, warnings = records(SMALL, {"Namn": "A", "Taggar": "hemligt"})
    assert "column tags: text of 7 characters is not in the value map tag" in warnings.entries
    _, warnings = records(
        SMALL.replace("tag: {", "tag: {show_unmapped: true, "), {"Namn": "A", "Taggar": "bus"}
    )
    assert "column tags: 'bus' is not in the value map tag" in warnings.entries


def test_a_column_that_the_mapping_does_not_use_is_told_once_unless_ignored() -> None:
    _, warnings = records(SMALL, {"Namn": "A", "Anteckning": "x", "Okänd": "y"})
    assert "column 'Okänd' is not used by the mapping" in warnings.entries
    assert not any("Anteckning" in text for text in warnings.entries)


def test_a_row_without_a_required_column_is_rejected() -> None:
    made, _ = records(SMALL, {"Taggar": "fika"})
    assert [(r.column, r.reason) for r in made.rejected] == [("name", "is required")]


def test_a_row_that_the_skip_rule_names_is_left_out_and_counted() -> None:
    made, warnings = records(SMALL, {"Namn": "A", "Extra": "Exempel"})
    assert made == RowRecords()
    assert "left out by the mapping's skip rule on extra" in warnings.entries


def test_a_label_without_an_age_beside_another_leaves_the_age_unknown() -> None:
    text = SMALL.replace("parse: age}", "parse: age, bad: warn}")
    made, _ = records(text, {"Namn": "A", "Taggar": "fika", "Ålder": "Barn 0-12, Vuxna"})
    assert made.listing
    assert "age" not in made.listing
    made, _ = records(text, {"Namn": "A", "Taggar": "fika", "Ålder": "Barn 0-12, Vuxna 13+"})
    assert made.listing
    assert made.listing["age"] == {"min": None, "max": None}


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("name: small", "name: small\ncolour: red", "colour"),
        ("parse: slug", "parse: slugg", "external_id"),
        ("map: tag", "map: tagg", "value map that does not exist"),
        ("from: phone", "from: phon", "phon"),
        ('"^kör"', '"^(kör"', "regular expression"),
        ("{value: activity}", "{value: activity, from: name}", "exactly one"),
        ("name: small", "name: [", "not YAML"),
    ],
)
def test_a_mistake_in_a_mapping_is_told_with_its_place(old: str, new: str, place: str) -> None:
    with pytest.raises(MappingError, match=place):
        loads(SMALL.replace(old, new, 1))


def test_a_mapping_that_is_not_there_names_the_shipped_ones() -> None:
    with pytest.raises(MappingError, match="foreningsregister, stodlinjer"):
        exchange_mapping.load("nothing")


def test_long_text_is_cut_at_a_word() -> None:
    assert cut("En lång titel med många ord", 15) == "En lång titel…"
    assert len(cut("x" * 90, 80)) == 80


def test_a_register_row_becomes_an_organisation_and_a_publishable_listing() -> None:
    made, warnings = shipped(
        "foreningsregister",
        {
            "Förening": "Påhittade Schacksällskapet",
            "Org.nr": "212000-0142",
            "Typ": "Idéförening",
            "Aktiviteter": "Schack, Bridge",
            "Målgrupp": "Barn och ungdom (0-20 år), Vuxna (21+ år)",
            "Hemsida": "www.schack.example",
            "Postnr": 12345,
        },
        sheet="Påhittad",
    )
    assert not warnings.entries
    organisation = OrganisationIn.model_validate(made.organisation)
    assert organisation.external_id == "0180-pahittade-schacksallskapet"
    assert organisation.municipality_code == "0180"
    listing = ListingIn.model_validate(made.listing)
    assert publishing.problems(listing) == []
    assert listing.categories == ["games"]
    assert listing.exchange()["age"] == {"min": None, "max": None}
    assert listing.exchange()["venues"] == [
        {"municipality_code": "0180", "postal_code": "123 45", "visibility": "district"}
    ]
    assert listing.exchange()["texts"]["sv"]["summary"] == (
        "Idéförening i Påhittad. Verksamhet: Schack, Bridge."
    )


def test_a_road_association_stays_an_organisation() -> None:
    made, _ = shipped(
        "foreningsregister", {"name": "Vägen", "municipality": "Påhittad", "types": ["Vägföreningar"]}
    )
    assert made.organisation
    assert made.listing is None


def test_several_areas_become_several_venues_of_which_only_the_district_is_told() -> None:
    made, _ = shipped(
        "foreningsregister",
        {
            "name": "K",
            "municipality": "Påhittad",
            "types": ["Scoutkår"],
            "areas": ["Norr", "Hela kommunen", "Öster"],
        },
    )
    assert made.listing
    assert made.listing["venues"] == [
        {"district": "Norr", "municipality_code": "0180", "visibility": "district"},
        {"district": "Öster", "municipality_code": "0180", "visibility": "district"},
    ]


def test_a_support_line_has_its_hours_by_channel() -> None:
    made, warnings = shipped(
        "stodlinjer",
        {
            "id": 7,
            "title": "Påhittade linjen",
            "resource": {"url": "https://linjen.example/chatt", "type": "link"},
            "contactTypes": ["telefon", "chatt", "e-post"],
            "phone": "08-465 004 12",
            "description": "För dig som vill prata.",
            "category": "psykisk-halsa",
            "urgent": False,
            "tags": ["anonymt", "samtal"],
            "availability": {
                "openingHours": [
                    {"days": ["sun", "mon"], "open": "21:00", "close": "24:00", "channels": ["telefon"]},
                    {
                        "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
                        "open": "00:00",
                        "close": "24:00",
                        "channels": ["chatt"],
                    },
                ]
            },
            "lastVerified": "2026-01-02",
            "active": True,
        },
    )
    listing = ListingIn.model_validate(made.listing)
    assert publishing.problems(listing) == []
    assert listing.exchange()["contacts"] == [
        {
            "channel": "phone",
            "value": "08-465 004 12",
            "hours": [{"freq": "weekly", "days": ["mo", "su"], "from": "21:00", "to": "24:00"}],
        },
        {"channel": "chat", "value": "https://linjen.example/chatt", "hours": [{"freq": "always"}]},
    ]
    assert listing.facts == {"anonymous_ok": True}
    assert listing.crisis is False
    assert list(warnings.entries) == [
        "column channels: channel email has no number or address of its own; left out"
    ]

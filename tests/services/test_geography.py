"""Vocabularies and places: loaded once, found by the names people use."""

from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from app.errors import BadRequest, Invalid
from app.services import geography, taxonomies
from app.services.geography import fold, gazetteer, resolve_place
from app.services.taxonomies import vocabulary


@pytest.fixture(autouse=True)
def _forget():
    yield
    gazetteer.reset_cache()
    vocabulary.reset_cache()


def found(session: Session, text: str, near: str | None = None) -> tuple[str, str | None] | None:
    hit = resolve_place(gazetteer(session), text, near)
    return (hit.name, hit.municipality_code) if hit else None


def test_loading_again_writes_nothing(session: Session):
    assert taxonomies.load(session) == 0


def test_loading_mends_what_was_changed(session: Session):
    from app.models.taxonomy import Category

    session.get_one(Category, "social").sv = "Fel"
    session.flush()
    assert taxonomies.load(session) == 1


def test_a_category_knows_what_is_above_and_below_it(session: Session):
    words = vocabulary(session)
    assert words.categories["coffee-meetup"].ancestors == ("social",)
    assert "coffee-meetup" in words.category_family("social")
    assert words.category_family("no-such-category") == ()


def test_every_kommun_has_a_county_and_a_point_where_people_live(session: Session):
    words = vocabulary(session)
    assert len(words.municipalities) == 290
    assert len(words.counties) == 21
    assert all(k.county_code in words.counties for k in words.municipalities.values())


@pytest.mark.parametrize(
    ("text", "name", "kommun"),
    [
        ("Farsta", "Farsta", "0180"),
        (" farsta ", "Farsta", "0180"),
        ("Söder", "Södermalm", "0180"),
        ("Hisingen", "Hisingen", "1480"),
        ("GÖTEBORG", "Göteborg", "1480"),
        ("Göteborgs stad", "Göteborg", "1480"),
        ("Gothenburg", "Göteborg", "1480"),
        ("Malmo", "Malmö", "1280"),
        ("Åre kommun", "Åre", "2321"),
        ("Stockholms län", "Stockholms län", None),
        ("Alby", "Alby", "0127"),
    ],
)
def test_a_place_is_found_by_the_name_people_use(session: Session, text: str, name: str, kommun: str | None):
    assert found(session, text) == (name, kommun)


def test_a_name_means_the_place_in_the_persons_own_kommun(session: Session):
    assert found(session, "Söder", near="1283") == ("Söder", "1283")


@pytest.mark.parametrize("text", ["", "   ", "!!", "Ingenstanshult", "99999", "\x00"])
def test_what_is_no_place_is_none(session: Session, text: str):
    assert found(session, text) is None


def test_names_fold_to_the_spelling_without_accents():
    assert fold("AElgaras") == fold("Älgarås") == "algaras"
    assert fold("Hjorthagen-Värtahamnen") == "hjorthagen vartahamnen"


def test_a_gazetteer_is_imported_once_and_its_plain_names_are_not_shown(session: Session, tmp_path: Path):
    file = tmp_path / "places.csv"
    file.write_text(
        "name,kind,municipality_code,lat,lon,population,alt_names,name_quality,extra\n"
        "Provby,ort,0180,59.3,18.0,20,Provköping|Testby,native,x\n"
        "Proevhult,ort,0180,59.3,18.0,,,ascii,x\n"
        "Stockholm,kommun,0180,59.3,18.0,,,native,x\n",
        encoding="utf-8",
    )
    assert geography.import_places(session, file) == 2
    assert geography.import_places(session, file) == 0
    assert found(session, "testby") == ("Provby", "0180")
    hit = resolve_place(gazetteer(session), "Prövhult")
    assert hit is not None
    assert not hit.display


def test_postcodes_are_found_in_every_spelling(session: Session, tmp_path: Path):
    file = tmp_path / "postcodes.csv"
    file.write_text(
        "postal_code,postort,municipality_code,lat,lon\n12347,Farsta,0180,59.25,18.08\n10001,Box,,,\n",
        encoding="utf-8",
    )
    assert geography.import_postcodes(session, file) == 1
    for spelling in ("12347", "123 47", "SE-123 47", " 123 47 "):
        assert found(session, spelling) == ("Farsta", "0180")


def test_a_file_without_the_columns_is_refused_by_their_names(session: Session, tmp_path: Path):
    file = tmp_path / "places.csv"
    file.write_text("name,lat,lon\nFarsta,59,18\n", encoding="utf-8")
    with pytest.raises(BadRequest, match="municipality_code"):
        geography.import_places(session, file)


def test_a_bad_row_is_told_by_its_number_and_nothing_is_written(session: Session, tmp_path: Path):
    file = tmp_path / "postcodes.csv"
    file.write_text(
        "postal_code,postort,municipality_code,lat,lon\n"
        "12347,Farsta,0180,59.25,18.08\n123,Kort,0180,59.2,18.0\n12348,Hav,0180,0,0\n12349,Vet,9999,59,18\n",
        encoding="utf-8",
    )
    with pytest.raises(Invalid) as refused:
        geography.import_postcodes(session, file)
    assert [problem.pointer for problem in refused.value.errors] == ["/3", "/4", "/5"]
    assert found(session, "12347") is None


def test_a_file_in_another_encoding_is_refused(session: Session, tmp_path: Path):
    file = tmp_path / "places.csv"
    file.write_bytes("name,kind\nSödra,ort\n".encode("latin-1"))
    with pytest.raises(BadRequest, match="UTF-8"):
        geography.import_places(session, file)

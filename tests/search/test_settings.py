"""Settings, filters, facets and sorts name only fields of the document."""

from datetime import UTC, datetime

from app.schemas.search import FacetName
from app.services.find_request import open_at
from search.client import _headers
from search.documents import index_fields
from search.filters import fields
from search.queries import FACETS
from search.settings import COMPARABLE, DISTINCT, EQUAL_ONLY, SEARCHABLE, SORTABLE, index_settings


def test_settings_name_only_fields_of_the_document():
    named = {*SEARCHABLE, *COMPARABLE, *EQUAL_ONLY, *SORTABLE, DISTINCT}
    assert named <= index_fields()
    shown = set(index_settings()["displayedAttributes"])
    rules = {r.split(":")[0] for r in index_settings()["rankingRules"] if ":" in r}
    assert shown | rules <= index_fields()


def test_every_facet_counts_a_field_that_can_be_filtered():
    assert set(FACETS.values()) <= set(EQUAL_ONLY)
    assert set(FACETS) == set(FacetName.__args__)


def test_opening_hours_ask_only_for_fields_that_can_be_filtered():
    asked = fields(open_at(datetime(2026, 11, 29, 18, 10, tzinfo=UTC), or_unknown=True))
    assert asked <= {*COMPARABLE, *EQUAL_ONLY}


def test_no_field_is_both_compared_and_equal_only():
    assert not set(COMPARABLE) & set(EQUAL_ONLY)


def test_meilisearch_is_asked_for_uncompressed_answers():
    assert _headers("key")["Accept-Encoding"] == "identity"


def test_no_language_is_set_so_that_words_are_found_without_accents():
    assert "localizedAttributes" not in index_settings()

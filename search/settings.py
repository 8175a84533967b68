"""Settings of the listings index. They go in before the first document (a later change re-indexes all)."""

from typing import Any

from search.documents import RegularHours
from search.words import STOP_WORDS

DISTINCT = "listing_id"
SEARCHABLE = (
    "title",
    "labels",
    "title_i18n",
    "stems",
    "parts",
    "place_names",
    "organisation_name",
    "summary",
    "summary_i18n",
    "description",
    "stems_body",
)
COMPARABLE = (
    "age_min",
    "age_max",
    "price_from_sek",
    "threshold",
    "confirmed_day",
    "first_day",
    "last_day",
    "valid_from_day",
    "valid_to_day",
    "occurrence_days",
    "unknown_days",
    *RegularHours.model_fields,
)
EQUAL_ONLY = (
    "id",
    "listing_id",
    "organisation_id",
    "kind",
    "categories",
    "audiences",
    "audiences_only",
    "languages",
    "loneliness",
    "attendance",
    "facts_true",
    "facts_false",
    "municipality_code",
    "county_code",
    "district",
    "benefits",
    "cost_kind",
    "free",
    "hours_known",
    "always_open",
    "closed_days",
    "slots",
    "unknown_slots",
    "occurrence_parts",
    "day_parts",
    "approximate_point",
    "signs",
)
SORTABLE = ("_geo", "next_start", "threshold", "sort_title", "confirmed_day")
MAX_TOTAL_HITS = 100_000


def index_settings() -> dict[str, Any]:
    """The whole settings object, as Meilisearch takes it.

    `sort` stands first: a wish to sort is obeyed before relevance, and without one the rule does nothing.
    No localizedAttributes: with them words without å, ä and ö are no longer found.
    """
    return {
        "searchableAttributes": list(SEARCHABLE),
        "displayedAttributes": [
            "id",
            "listing_id",
            "title",
            "kind",
            "content_hash",
            "features",
            "card",
            "_geo",
        ],
        "filterableAttributes": [
            {
                "attributePatterns": list(COMPARABLE),
                "features": {"facetSearch": False, "filter": {"equality": True, "comparison": True}},
            },
            {
                "attributePatterns": list(EQUAL_ONLY),
                "features": {"facetSearch": False, "filter": {"equality": True, "comparison": False}},
            },
            "_geo",
        ],
        "sortableAttributes": list(SORTABLE),
        "rankingRules": [
            "sort",
            "words",
            "typo",
            "exactness",
            "proximity",
            "attribute",
            "threshold:desc",
            "confirmed_day:desc",
        ],
        "distinctAttribute": DISTINCT,
        "stopWords": list(STOP_WORDS),
        "typoTolerance": {
            "minWordSizeForTypos": {"oneTypo": 4, "twoTypos": 8},
            "disableOnNumbers": True,
            "disableOnWords": ["aa", "npf", "adhd", "hbtqi", "lss", "pro", "spf"],
        },
        "proximityPrecision": "byAttribute",
        "facetSearch": False,
        "faceting": {"maxValuesPerFacet": 500, "sortFacetValuesBy": {"*": "count"}},
        "pagination": {"maxTotalHits": MAX_TOTAL_HITS},
        "searchCutoffMs": 1000,
    }

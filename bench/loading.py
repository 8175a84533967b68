"""So many documents, quickly: real ones from imported listings, the rest crossed from pairs of them."""

# ruff: noqa: S311 - chance without secrets
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from itertools import islice
from random import Random
from typing import Any

import orjson
import psycopg
from sqlalchemy import Text, cast, delete, func, select
from uuid_utils import uuid7

from app import db
from app.config import get_settings
from app.models import OutboxJob, SearchDocument
from app.worker import index_client
from bench.stage import say
from search import rebuild as index_rebuild
from search.documents import card_of, content_hash
from search.features import Features, unpack

BATCH = 5000
# What is said of a listing comes from one document, where, when and for whom it is from another.
_SAID = (
    *("kind", "title", "summary", "description", "title_i18n", "summary_i18n", "labels", "stems"),
    *("stems_body", "parts", "sort_title", "categories", "audiences", "audiences_only", "languages", "signs"),
)
_SAID_IN_FEATURES = (
    *("kind", "categories", "broader", "audiences", "only", "languages", "texts", "signs", "words"),
)
_SAID_ON_CARD = ("kind", "texts", "categories", "audiences", "languages")


def cross_until(count: int, *, seed: int) -> int:
    """Add crossed listings until the database holds so many documents; returns how many were added."""
    with db.session_scope() as session:
        session.execute(delete(OutboxJob))  # the index is built anew below, with these listings in it
        rows = session.execute(select(SearchDocument.body, cast(SearchDocument.searchable, Text))).all()
    parents = [(row[0], row[1]) for row in rows]
    missing = max(0, count - len(parents))
    url = db.engine().url.set(drivername="postgresql").render_as_string(hide_password=False)
    done = 0
    children = islice(_crossed(parents, seed), missing)
    with psycopg.connect(url) as connection:
        while batch := list(islice(children, BATCH)):
            _copy(connection, batch)
            connection.commit()
            done += len(batch)
            say(f"Database: {len(parents) + done} of {count} documents")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE) listing, search_document")
    return done


def build_index() -> int:
    """A new index of every document in the database, by the service's own rebuild; returns their number."""

    def bodies() -> Iterator[dict[str, Any]]:
        with db.read_scope() as session:
            query = select(SearchDocument.body).execution_options(yield_per=BATCH)
            yield from session.scalars(query)

    def progress(done: int) -> None:
        if done % (5 * index_rebuild.BATCH) == 0:
            say(f"Index: {done} documents")

    with index_client() as client:
        if client is None:
            raise RuntimeError("no Meilisearch")
        return index_rebuild.rebuild(
            client,
            get_settings().index_prefix,
            bodies(),
            catch_up=lambda _uid: 0,
            standstill=nullcontext,
            progress=progress,
        )


def documents() -> int:
    """How many documents the database holds."""
    with db.read_scope() as session:
        return session.scalar(select(func.count()).select_from(SearchDocument)) or 0


def _crossed(parents: list[tuple[dict[str, Any], str]], seed: int) -> Iterator[tuple[dict[str, Any], str]]:
    """Documents no two of which have the same parents, each with the words PostgreSQL searches in."""
    chance = Random(seed)
    seen: set[tuple[int, int]] = set()
    while True:
        one, other = chance.randrange(len(parents)), chance.randrange(len(parents))
        if one == other or (one, other) in seen:
            continue
        seen.add((one, other))
        (said, words), (rest, _) = parents[one], parents[other]
        if said["kind"] == "support_line" or rest["kind"] == "support_line":
            continue
        body = {name: value for name, value in rest.items() if name not in _SAID}
        body |= {name: said[name] for name in _SAID if name in said}
        body["listing_id"] = str(uuid7())
        body["id"] = f"{body['listing_id']}-0"
        body["external_id"] = f"crossed-{len(seen)}"
        told, kept = card_of(said["card"]), card_of(rest["card"])
        card = {name: value for name, value in kept.items() if name not in _SAID_ON_CARD}
        card |= {name: told[name] for name in _SAID_ON_CARD if name in told}
        card |= {"id": body["listing_id"], "external_id": body["external_id"]}
        body["card"] = orjson.dumps(card).decode()
        body["features"] = _mixed(unpack(said["features"]), unpack(rest["features"]), body["listing_id"])
        body["content_hash"] = content_hash(body)
        yield body, words


def _mixed(said: Features, rest: Features, listing_id: str) -> str:
    """The features of a crossed document: the words of one parent, all else of the other."""
    told = {name: getattr(said, name) for name in _SAID_IN_FEATURES}
    return replace(rest, **told, listing_id=listing_id, series=listing_id).packed()


def _copy(connection: psycopg.Connection[Any], batch: list[tuple[dict[str, Any], str]]) -> None:
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "COPY listing (id, organisation_id, external_id, kind, status, texts, confirmed_on, version)"
            " FROM STDIN"
        ) as copy,
    ):
        for body, _ in batch:
            card = card_of(body["card"])
            texts = orjson.dumps(card["texts"]).decode()
            copy.write_row(
                (
                    *(body["listing_id"], body["organisation_id"], body["external_id"], body["kind"]),
                    *("published", texts, card.get("confirmed_on"), 1),
                )
            )
    with (
        connection.cursor() as cursor,
        cursor.copy("COPY search_document (id, listing_id, body, searchable) FROM STDIN") as copy,
    ):
        for body, words in batch:
            copy.write_row((body["id"], body["listing_id"], orjson.dumps(body).decode(), words))

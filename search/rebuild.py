"""A new index beside the live one, then a swap. The caller says what goes in and what has changed since."""

import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Any

from search.client import IndexClient
from search.settings import index_settings

BATCH = 2000  # the task queue is one for all indexes: bigger batches make live changes wait


def live_uid(prefix: str) -> str:
    return f"{prefix}_listings"


def building_uids(client: IndexClient, prefix: str) -> list[str]:
    """Indexes that a rebuild left behind, or is filling."""
    return [uid for uid in client.uids() if uid.startswith(f"{live_uid(prefix)}__")]


def batches(documents: Iterable[dict[str, Any]], size: int = BATCH) -> Iterable[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    for document in documents:
        batch.append(document)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def rebuild(
    client: IndexClient,
    prefix: str,
    documents: Iterable[dict[str, Any]],
    *,
    catch_up: Callable[[str], int],
    standstill: Callable[[], AbstractContextManager[None]],
    progress: Callable[[int], None] | None = None,
) -> int:
    """Fill a new index and put it in the live one's place; returns how many documents went in.

    `catch_up(uid)` makes that index equal to the truth and says how many documents it had to touch: it is
    called until little is left, and once more inside `standstill()`, while no live change is being indexed,
    so that the swap loses none. Whatever goes wrong, the live index stays and the half-built one goes.
    The caller lets only one rebuild run at a time.
    """
    live = live_uid(prefix)
    for left_behind in building_uids(client, prefix):
        client.drop(left_behind)
    building = f"{live}__{time.strftime('%Y%m%d%H%M%S', time.gmtime())}"
    done = 0
    try:
        client.create(building, index_settings())
        for batch in batches(documents):
            client.post(building, batch)
            done += len(batch)
            if progress is not None:
                progress(done)
        for _ in range(5):
            if catch_up(building) <= 10:
                break
        if not client.exists(live):
            client.create(live, index_settings())
        with standstill():
            catch_up(building)
            client.swap(live, building)
    finally:
        # After the swap this name holds the old documents; before it, the half-built ones.
        client.drop(building)
    return done

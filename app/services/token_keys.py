"""The public keys of an issuer: kept ten minutes, asked for anew with restraint, used on while it is away."""

import threading
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from app.errors import Unavailable
from app.http import OutboundError, fetch_json

FRESH_SECONDS = 600
ASK_SECONDS = 60  # however many unknown key ids come, the issuer is asked once in this time
STALE_SECONDS = 86_400
FETCH_SECONDS = 5.0  # what a first caller waits for an issuer that is slow
RSA_BITS = 2048
PublicKey = RSAKey | ECKey | OKPKey
_KINDS: dict[str, type[RSAKey] | type[ECKey] | type[OKPKey]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}


class KeyCache:
    """The keys of one issuer by their ids. Safe for many threads: one asks, the others go on with what is."""

    def __init__(
        self, fetch: Callable[[], Mapping[str, PublicKey]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._fetch, self._clock = fetch, clock
        self._lock = threading.Lock()
        self._keys: Mapping[str, PublicKey] = {}
        self._fetched: float | None = None
        self._asked: float | None = None
        self._away = False

    def get(self, kid: str) -> PublicKey | None:
        """The key with this id, or None. Raises Unavailable when that cannot be known now."""
        key = self._known(kid)
        if key is None or self._older(self._fetched, FRESH_SECONDS):
            # Who has a key that still holds does not wait for the one who asks.
            if self._lock.acquire(blocking=key is None):
                try:
                    self._ask(kid)
                finally:
                    self._lock.release()
            key = self._known(kid)
        if key is None and self._away:
            raise Unavailable(
                "Who you are cannot be checked just now: the issuer of the token does not answer."
            )
        return key

    def _known(self, kid: str) -> PublicKey | None:
        return None if self._older(self._fetched, STALE_SECONDS) else self._keys.get(kid)

    def _older(self, moment: float | None, seconds: float) -> bool:
        return moment is None or self._clock() - moment > seconds

    def _ask(self, kid: str) -> None:
        unneeded = kid in self._keys and not self._older(self._fetched, FRESH_SECONDS)
        if unneeded or not self._older(self._asked, ASK_SECONDS):
            return  # another thread asked while this one waited, or somebody did a moment ago
        self._asked = self._clock()
        try:
            self._keys = self._fetch()
        except (OutboundError, ValueError):
            self._away = True
        else:
            self._fetched, self._away = self._asked, False


def fetch(issuer: str, jwks_url: str | None) -> dict[str, PublicKey]:
    """The issuer's keys for signatures. Raises OutboundError, or ValueError for what is no key set."""
    return read_keys(fetch_json(jwks_url or _discover(issuer), seconds=FETCH_SECONDS))


def _discover(issuer: str) -> str:
    found = fetch_json(issuer.rstrip("/") + "/.well-known/openid-configuration", seconds=FETCH_SECONDS)
    if not isinstance(found, dict) or found.get("issuer") != issuer:
        raise ValueError("The discovery document is another issuer's.")
    where = found.get("jwks_uri")
    if not isinstance(where, str):
        raise ValueError("The discovery document names no keys.")  # noqa: TRY004  one error for all that is wrong
    return where


def read_keys(answer: Any) -> dict[str, PublicKey]:
    """The keys of a JWKS that can verify; what is secret, weak, for encryption or without an id is left out.

    Raises ValueError when it is no JWKS, or none of its keys can be used.
    """
    listed = answer.get("keys") if isinstance(answer, dict) else None
    if not isinstance(listed, list):
        raise ValueError("The answer is no key set.")  # noqa: TRY004  as above
    keys: dict[str, PublicKey] = {}
    for one in listed:
        key = _public_key(one)
        if key is not None and key.kid:
            keys.setdefault(key.kid, key)
    if not keys:
        raise ValueError("The key set holds no key that can be used.")
    return keys


def _public_key(one: Any) -> PublicKey | None:
    if not isinstance(one, dict) or one.get("use", "sig") != "sig" or not isinstance(one.get("kid"), str):
        return None
    kind = _KINDS.get(str(one.get("kty")))
    if kind is None or "d" in one:
        return None  # a symmetric key, or a private one that the world can read
    try:
        if kind is RSAKey and len(str(one.get("n"))) * 6 < RSA_BITS:
            return None
        return kind.import_key(one)
    except (JoseError, ValueError, TypeError, KeyError):
        return None


@lru_cache
def cache_of(issuer: str, jwks_url: str | None) -> KeyCache:
    """The process's cache of this issuer's keys."""
    return KeyCache(lambda: fetch(issuer, jwks_url))

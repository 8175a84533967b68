"""Access tokens of people (RFC 9068): taken when every rule holds, else refused in one sentence."""

import json
import re
import time
from base64 import urlsafe_b64decode
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError

from app.config import get_settings
from app.errors import Unauthorised
from app.issuers import Issuer
from app.services import token_keys

LEEWAY_SECONDS = 30
FAR = 1e11  # the year 5138; no infinity, and no number that cannot be counted with
LARGEST = 8_000  # a token with HSA claims has about 2 000 characters
TYPES = {"at+jwt", "application/at+jwt"}
# A token brings neither its key nor where to find one, and no rule we do not know (`crit`).
REFUSED_HEADERS = {"crit", "jwk", "jku", "x5u", "x5c", "b64", "zip", "enc"}
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
INVALID = "invalid_token"


@dataclass(frozen=True)
class AccessToken:
    """A token that was verified: who made it, and what it says."""

    issuer: Issuer
    claims: dict[str, Any]

    def text(self, name: str | None) -> str | None:
        """The claim as a text that can be stored and shown; None when there is no such claim.

        Raises Unauthorised when it is something else than a short text.
        """
        value = self._claim(name)
        if value is None:
            return None
        if not isinstance(value, str) or not 0 < len(value) <= 200 or not value.isprintable():
            raise refused()
        return value

    def texts(self, name: str | None) -> frozenset[str]:
        """The claim's values: of a list, or of a text with spaces between."""
        value = self._claim(name)
        values = value.split() if isinstance(value, str) else value
        return frozenset(v for v in values if isinstance(v, str)) if isinstance(values, list) else frozenset()

    def _claim(self, name: str | None) -> Any:
        if name is None or not name.startswith("/"):
            return self.claims.get(name) if name else None
        value: Any = self.claims
        for part in name[1:].split("/"):
            value = value.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(value, dict) else None
        return value


def refused() -> Unauthorised:
    """The same answer for every fault: a forger learns nothing of how far it came."""
    return Unauthorised("The access token is not valid here.", challenge=f'error="{INVALID}"')


def verify(token: str) -> AccessToken:
    """The token's issuer and claims. Raises Unauthorised, or Unavailable while the keys are unknown."""
    if len(token) > LARGEST or not _COMPACT.fullmatch(token):
        raise refused()
    head, body, _signature = token.split(".")
    header, claims = _object(head), _object(body)
    issuer = _issuer(get_settings().oidc_issuers, claims.get("iss"))
    _check_header(header, issuer)
    key = token_keys.cache_of(issuer.issuer, issuer.jwks_url).get(header["kid"])
    if key is None:
        raise refused()
    registry = jws.JWSRegistry(algorithms=[header["alg"]], strict_check_header=False)
    try:
        jws.deserialize_compact(token, key, registry=registry)
    except (JoseError, ValueError, TypeError) as problem:
        raise refused() from problem
    _check_claims(claims, issuer)
    return AccessToken(issuer, claims)


def _issuer(known: Iterable[Issuer], name: object) -> Issuer:
    for issuer in known:
        if issuer.issuer == name:
            return issuer
    raise refused()


def _check_header(header: dict[str, Any], issuer: Issuer) -> None:
    """`typ` tells an access token from an ID token, which is for the client and not for us."""
    kind, algorithm, kid = header.get("typ"), header.get("alg"), header.get("kid")
    if not (isinstance(kind, str) and isinstance(algorithm, str) and isinstance(kid, str)):
        raise refused()
    if kind.lower() not in TYPES or algorithm not in issuer.algorithms or REFUSED_HEADERS & header.keys():
        raise refused()


def _check_claims(claims: dict[str, Any], issuer: Issuer) -> None:
    now = time.time()
    audience = claims.get("aud")
    begins = _moment(claims, "nbf") if "nbf" in claims else now
    holds = (
        issuer.audience in (audience if isinstance(audience, list) else [audience])
        and _moment(claims, "exp") > now - LEEWAY_SECONDS
        and max(begins, _moment(claims, "iat")) <= now + LEEWAY_SECONDS
        and isinstance(claims.get("sub"), str)
        and claims["sub"] != ""
        # Bound to a key of its client (RFC 8705, RFC 9449): without that proof it may be a stolen one.
        and "cnf" not in claims
    )
    if not holds:
        raise refused()


def _moment(claims: dict[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < FAR:
        raise refused()
    return value


def _object(part: str) -> dict[str, Any]:
    try:
        read = json.loads(
            urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode(),
            object_pairs_hook=_once_each,
            parse_constant=_no_number,
        )
    except (ValueError, RecursionError) as problem:
        raise refused() from problem
    if not isinstance(read, dict):
        raise refused()
    return read


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Two readers of one text must see one thing: a name that stands twice is refused."""
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("A name stands twice.")
    return made


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no JSON.")

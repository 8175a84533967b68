"""Signed statements of how long the access log was and what its last hash was.

One that is kept elsewhere shows a log that was cut off or written anew, whoever has the database. It is a
compact JWS, signed with Ed25519 (RFC 9864).
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import key_material
from app.config import get_settings
from app.errors import BadRequest
from app.models import AccessCheckpoint, AccessHead
from app.services import access_log

ALGORITHM, TYPE = "Ed25519", "torg-checkpoint+jws"


@dataclass(frozen=True)
class Checkpoint:
    """What was signed: the log had `number` rows, and the last one's hash was `hash`."""

    number: int
    hash: str
    at: str


def keys() -> list[OKPKey]:
    """The keys of the settings, the one that signs first; none where none is set."""
    secret = get_settings().audit_signing_key
    return list(_made(secret.get_secret_value())) if secret else []


def public_key() -> str:
    """The public half of the key that signs, as a JWK: for those who verify elsewhere. Raises BadRequest."""
    return json.dumps(_signer().as_dict(private=False), sort_keys=True)


def read_key(text: str) -> OKPKey:
    """A public key as `public_key` tells it. Raises BadRequest."""
    try:
        return OKPKey.import_key(json.loads(text))
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        raise BadRequest("The file holds no public key.") from None


def make(session: Session) -> str | None:
    """Sign the end of the log and keep it in the table; the same one again when nothing was appended.

    None for an empty log. Raises BadRequest where no key is set.
    """
    key = _signer()
    head = session.get(AccessHead, access_log.HEAD)
    if head is None or head.number == 0:
        return None
    made = session.get(AccessCheckpoint, head.number)
    if made is not None:
        return made.signature
    at = datetime.now(UTC)
    told = {"number": head.number, "hash": head.hash, "at": at}
    header = {"alg": ALGORITHM, "typ": TYPE, "kid": key.thumbprint()}
    signature = jws.serialize_compact(header, access_log.canonical(told), key, algorithms=[ALGORITHM])
    session.add(AccessCheckpoint(number=head.number, hash=head.hash, at=at, signature=signature))
    return signature


def opened(signature: str, believed: list[OKPKey]) -> Checkpoint | None:
    """What was signed; None when none of the keys signed it."""
    for key in believed:
        try:
            found = jws.deserialize_compact(signature.strip(), key, algorithms=[ALGORITHM])
            if found.headers().get("typ") != TYPE:
                return None
            told = json.loads(found.payload)
            return Checkpoint(int(told["number"]), str(told["hash"]), str(told["at"]))
        except (JoseError, ValueError, KeyError, TypeError):
            continue
    return None


def newest(session: Session) -> AccessCheckpoint | None:
    return session.scalars(select(AccessCheckpoint).order_by(AccessCheckpoint.number.desc()).limit(1)).first()


def _signer() -> OKPKey:
    found = keys()
    if not found:
        raise BadRequest("No key signs checkpoints here: set TORG_AUDIT_SIGNING_KEY.")
    return found[0]


@lru_cache(maxsize=2)
def _made(text: str) -> tuple[OKPKey, ...]:
    return tuple(
        OKPKey.import_key(
            Ed25519PrivateKey.from_private_bytes(seed).private_bytes(
                Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
            )
        )
        for seed in key_material.several(text)
    )

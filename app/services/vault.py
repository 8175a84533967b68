"""Sealing of what tells of a person: a data key a referral, wrapped by a master key outside the database.

AES-256-GCM throughout. What a ciphertext belongs to (table, column, row, key version) is authenticated with
it, so one that was moved to another row does not open. Without the row of its data key nothing of it can be
read: deleting that row is shredding.
"""

import hmac
import os
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app import key_material
from app.config import get_settings
from app.errors import Unavailable

_NONCE = 12
_DATA_VERSION = "1"  # of how data are sealed; a master key has a version of its own


class SealBroken(Exception):
    """A ciphertext was changed or moved, or its key is another."""


def _about(place: str, row: UUID, version: str) -> bytes:
    return f"{place}|{row}|{version}".encode()


def _seal(key: bytes, about: bytes, plain: bytes) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, plain, about)


def _open(key: bytes, about: bytes, sealed: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], about)
    except (InvalidTag, ValueError) as error:
        raise SealBroken(about.decode()) from error


@dataclass(frozen=True, repr=False)
class DataKey:
    """The key of one referral (or one endpoint)."""

    key: bytes

    def seal(self, place: str, row: UUID, plain: str) -> bytes:
        """Seal text for `place` ("table.column") of a row."""
        return _seal(self.key, _about(place, row, _DATA_VERSION), plain.encode())

    def open(self, place: str, row: UUID, sealed: bytes) -> str:
        """The text. Raises SealBroken when it was sealed for another place, row or key."""
        return _open(self.key, _about(place, row, _DATA_VERSION), sealed).decode()


@dataclass(frozen=True, repr=False)
class Vault:
    """The master keys by version, the one that seals first, and the key of digests."""

    masters: dict[int, bytes]
    index_key: bytes

    @property
    def current(self) -> int:
        return next(iter(self.masters))

    def new_key(self, place: str, row: UUID) -> tuple[DataKey, int, bytes]:
        """A new data key, the master version that wraps it, and its wrapped form for `place` of a row."""
        key = os.urandom(key_material.KEY_BYTES)
        return DataKey(key), self.current, self._wrap(place, row, self.current, key)

    def unwrap(self, place: str, row: UUID, master_version: int, wrapped: bytes) -> DataKey:
        """The data key. Raises SealBroken for a wrapped key of another row or of an unknown master key."""
        master = self.masters.get(master_version)
        if master is None:
            raise SealBroken(f"no master key {master_version}")
        return DataKey(_open(master, _about(place, row, str(master_version)), wrapped))

    def rewrap(self, place: str, row: UUID, master_version: int, wrapped: bytes) -> tuple[int, bytes]:
        """The same data key under the current master key; what it sealed stays as it is."""
        key = self.unwrap(place, row, master_version, wrapped).key
        return self.current, self._wrap(place, row, self.current, key)

    def mac(self, purpose: str, value: str) -> str:
        """A keyed digest (hex): the same value gives the same one for the same purpose, and tells nothing."""
        return hmac.new(self._derived(purpose), value.encode(), sha256).hexdigest()

    def _derived(self, purpose: str) -> bytes:
        return _derive(self.index_key, purpose)

    def _wrap(self, place: str, row: UUID, version: int, key: bytes) -> bytes:
        return _seal(self.masters[version], _about(place, row, str(version)), key)


@lru_cache(maxsize=1000)
def _derive(index_key: bytes, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=key_material.KEY_BYTES, salt=None, info=purpose.encode()).derive(
        index_key
    )


@lru_cache(maxsize=4)
def _made(masters: str, index_key: str) -> Vault:
    return Vault(key_material.masters(masters), key_material.key(index_key))


def vault() -> Vault:
    """The vault of the settings. Raises Unavailable where none is set up: referrals are then not served."""
    settings = get_settings()
    if settings.referral_keys is None or settings.referral_index_key is None:
        raise Unavailable("Referrals are not set up here.")
    return _made(settings.referral_keys.get_secret_value(), settings.referral_index_key.get_secret_value())

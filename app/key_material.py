"""Keys as they stand in the settings: read, and refused in one sentence that never tells the value."""

import base64
import binascii

KEY_BYTES = 32
_KEY = "a key is 32 bytes in base64 (openssl rand -base64 32)"


def key(text: str) -> bytes:
    """The 32 bytes. Raises ValueError."""
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(_KEY) from None  # the cause may quote the text
    if len(found) != KEY_BYTES:
        raise ValueError(_KEY)
    return found


def masters(text: str) -> dict[int, bytes]:
    """Master keys by version, the one that seals first. Raises ValueError."""
    found: dict[int, bytes] = {}
    for pair in text.split():
        version, colon, rest = pair.partition(":")
        if not (colon and version.isascii() and version.isdigit() and 0 < len(version) < 10):
            raise ValueError("it is version:key pairs with spaces between, each version a number")
        if int(version) in found:
            raise ValueError(f"version {int(version)} stands there twice")
        found[int(version)] = key(rest)
    if not found:
        raise ValueError("it names no key")
    if len(set(found.values())) < len(found):
        raise ValueError("two versions have the same key")
    return found


def several(text: str) -> list[bytes]:
    """Keys with spaces between, the first in use. Raises ValueError."""
    found = [key(one) for one in text.split()]
    if not found:
        raise ValueError("it names no key")
    return found

"""The code a person is given: 60 random-looking bits in Crockford's base 32 with its check character.

It is derived from the referral's id with the index key, so that the same request sent again gives the same
code, and it is found by a keyed digest: the code itself is stored nowhere.
"""

from uuid import UUID

from app.errors import FieldProblem, Invalid
from app.services.vault import Vault

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CHECKS = _ALPHABET + "*~$=U"  # a value modulo 37
_LENGTH = 12
_LIKE = str.maketrans("OIL", "011")


def _check(body: str) -> str:
    value = 0
    for character in body:
        value = value * 32 + _ALPHABET.index(character)
    return _CHECKS[value % 37]


def code_of(vault: Vault, referral_id: UUID) -> str:
    """The person's code of a referral, as `XXXX-XXXX-XXXX-C`."""
    value = int(vault.mac("code", str(referral_id))[:15], 16)
    body = "".join(_ALPHABET[value >> (5 * place) & 31] for place in reversed(range(_LENGTH)))
    return "-".join((body[:4], body[4:8], body[8:], _check(body)))


def digest(vault: Vault, code: str) -> str:
    """What a code is found by, however it was written. Raises Invalid when it is mistyped."""
    plain = "".join(part for part in code.upper().translate(_LIKE) if part not in "- \u2013\u2011.")
    body, check = plain[:_LENGTH], plain[_LENGTH:]
    # The check character may be a U, which no body has; the letters read as digits are none of its.
    if len(body) != _LENGTH or any(one not in _ALPHABET for one in body) or check != _check(body):
        sentence = "The code is mistyped: read it again, character by character."
        raise Invalid(sentence, [FieldProblem("/code", "mistyped", sentence)])
    return vault.mac("code-digest", body)

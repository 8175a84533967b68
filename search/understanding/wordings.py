"""The orders and wordings in which a phrase of the lexicon is said besides the one that it is written in."""

from search.understanding.keys import Language, joined

TURNING = frozenset({"aldrig", "inte"})  # stand before the verb of a subordinate clause
WITHOUT = "utan"
LACKING, LACKING_HERSELF = ("ingen", "slippa", "slipper"), ("inte ha", "inte har", "kräver inte", "saknar")
# What is there or not, and not hers: "saknar mina barn" asks for no place without children.
AROUND = frozenset(
    ("-children_welcome", "-pets_welcome", "calm_environment", "fragrance_free", "lift", "sobriety_required",
     "step_free_entrance")
)  # fmt: skip
# Classes of persons, who stand after the verb when a sentence begins with something else.
WHO = frozenset(
    f"<{name}>"
    for name in ("cared_for", "child", "elder", "ex", "friend", "grandparent", "parent", "partner",
                 "relative", "sibling")
)  # fmt: skip


def key_words(text: str) -> list[str]:
    """The words of a phrase, those of a compound with a hyphen apart."""
    return joined(text).replace("-", " ").split()


def said(text: str, language: Language, *, lacked: str | None) -> tuple[str, ...]:
    """A phrase in every order and wording in which it is said.

    `lacked`: the cost or fact that it tells, with a minus when it is told to be absent; None for all else.
    """
    return (
        text,
        *turned(text, language),
        *_inverted(text, language),
        *_lacking(text, language, lacked),
    )


def _inverted(text: str, language: Language) -> tuple[str, ...]:
    """A Swedish phrase as it stands after something else: "min man dog" is "i mars dog min man"."""
    words = key_words(text)
    if language != "sv" or len(words) < 2 or words[0] not in WHO or words[1] in WHO:
        return ()
    return (" ".join([words[1], words[0], *words[2:]]),)


def turned(text: str, language: Language) -> tuple[str, ...]:
    """A Swedish phrase as it stands in a subordinate clause: "orkar inte leva" is "inte orkar leva" there."""
    words = key_words(text)
    at = next((at for at in range(1, len(words)) if words[at] in TURNING), 0)
    if language != "sv" or not at or words[at - 1].startswith("<"):
        return ()
    return (" ".join([*words[: at - 1], words[at], words[at - 1], *words[at + 1 :]]),)


def _lacking(text: str, language: Language, lacked: str | None) -> tuple[str, ...]:
    """Other ways to say that a thing is not asked for: "utan remiss", "ingen remiss", "slipper remiss"."""
    words = key_words(text)
    if language != "sv" or lacked is None or len(words) != 2 or words[0] != WITHOUT:
        return ()
    return tuple(
        f"{said} {words[1]}" for said in (LACKING if lacked in AROUND else LACKING + LACKING_HERSELF)
    )

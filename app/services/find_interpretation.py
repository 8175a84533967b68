"""What was understood of a question, as a client shows it: chips with their place in the text, and words."""

from typing import Any

from app.services.find_labels import Labels
from search.understanding.chain import Question
from search.understanding.reading import Reading


def interpretation(question: Question, labels: Labels) -> dict[str, Any]:
    """The interpretation of an answer. Offsets are code points of the text as it was sent."""
    return {
        "language": question.language,
        "chips": [_chip(reading, question, labels) for reading in question.readings],
        "words": [
            question.text[word.token.start : word.token.end] for word in question.words if word.weight == 1
        ],
    }


def _chip(reading: Reading, question: Question, labels: Labels) -> dict[str, Any]:
    told = reading.end > reading.start  # a chip that the client sent has no place in the text
    return {
        "chip": reading.chip,
        "kind": reading.kind,
        "value": reading.value,
        "label": labels.reading(reading),
        "start": reading.start if told else None,
        "end": reading.end if told else None,
        "text": question.text[reading.start : reading.end] if told else "",
        "certainty": reading.certainty,
        "negated": reading.negated,
        "weight": reading.weight,
    }


def debug(question: Question, labels: Labels, asked: list[dict[str, Any]]) -> dict[str, Any]:
    """Every stage of the chain and every question to the engine: for the one who asks, never for a log."""
    return {
        "languages": list(question.languages),
        "tokens": [
            {"start": token.start, "end": token.end, "word": token.word, "keys": sorted(token.keys)}
            for token in question.tokens
        ],
        "stages": [
            {"stage": name, "readings": [_chip(reading, question, labels) for reading in found]}
            for name, found in question.stages
        ],
        "words": [{"word": word.token.word, "weight": word.weight} for word in question.words],
        "acute": question.acute,
        "queries": asked,
    }

"""Make `search/data/swedish_words.txt.gz` from a Hunspell dictionary: `python -m search.build_words sv.dic`.

Kept are simple lower-case words that may begin (b) or end (e) a compound; the flags are those of the
dictionary's own affix file.
"""

import gzip
import sys
from pathlib import Path

BEGINS, ENDS, FORBIDDEN = "X", "Y", "%"
SHORTEST, LONGEST = 3, 14
TARGET = Path(__file__).parent / "data" / "swedish_words.txt.gz"


def build(dictionary: Path) -> str:
    """The lines of the data file, sorted: a word and its roles."""
    roles: dict[str, set[str]] = {}
    for line in dictionary.read_text(encoding="utf-8").splitlines()[1:]:
        word, _, flags = line.strip().partition("/")
        word = word.removesuffix("-")
        if not (word.isalpha() and word.islower() and SHORTEST <= len(word) <= LONGEST) or FORBIDDEN in flags:
            continue
        role = {letter for flag, letter in ((BEGINS, "b"), (ENDS, "e")) if flag in flags}
        roles.setdefault(word, set()).update(role)
    return "".join(f"{word} {''.join(sorted(role))}".rstrip() + "\n" for word, role in sorted(roles.items()))


if __name__ == "__main__":
    with gzip.GzipFile(TARGET, "wb", compresslevel=9, mtime=0) as file:
        file.write(build(Path(sys.argv[1])).encode())

"""A form shown again: what was typed, and what is wrong, next to its field and in a list above."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from app.errors import FieldProblem
from app.schemas import person_data
from app.schemas.page_forms import PageForm

# Where a problem with a whole part is shown: at the first field of it.
_FIRST = {"outcome": "result", "measures": "result", "contact": "channel"}
_MASK = "\N{BULLET}"


@dataclass(frozen=True)
class Seen:
    """`wrong`: a sentence for each field's name. `sentence`: what no field is to blame for."""

    form: PageForm = field(default_factory=lambda: PageForm({}))
    wrong: dict[str, str] = field(default_factory=dict)
    sentence: str = ""

    @property
    def problems(self) -> list[tuple[str, str]]:
        """The id of each field with a problem, and its sentence."""
        return [(f"{self.form.name}-{name}", sentence) for name, sentence in self.wrong.items()]

    def problem(self, form: str, name: str) -> str:
        return self.wrong.get(name, "") if form == self.form.name else ""

    def typed(self, form: str, name: str) -> str:
        """What stood in the field, without what must not be written there: that is not sent back."""
        if form != self.form.name:
            return ""
        text = self.form.get(name)
        found = person_data.find(text)
        if name == "value" and "personal_number" not in found:
            return text
        if "email_address" in found:
            return ""
        return "".join(_MASK if letter.isdigit() else letter for letter in text) if found else text

    def is_open(self, form: str) -> bool:
        """Whether the form is the one that was sent."""
        return form == self.form.name


def seen(form: PageForm, errors: Sequence[FieldProblem], say: Callable[[str, FieldProblem], str]) -> Seen:
    """The form with its problems; `say(name, problem)` gives the reader's sentence."""
    wrong: dict[str, str] = {}
    for problem in errors:
        last = problem.pointer.rpartition("/")[2]
        name = _FIRST.get(last, last)
        wrong.setdefault(name, say(name, problem))
    return Seen(form, wrong)

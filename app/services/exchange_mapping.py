"""The mapping file: how rows of a foreign file become organisations and listings.

YAML, unknown keys refused. A mapping has one table for the file, or one for each group of sheets. In a table
`columns` names the headings a column may have, and `organisation` / `listing` hold one rule per field path:

    name: {from: name}                                  a column
    kind: {value: activity}                             a constant
    texts.sv.summary: {template: "{types}[ i {city}]."} a sentence; [ ] goes when its column is empty
    categories[]: {from: [activities, types], split: ",", map: category, limit: 4}
    venues[].district: {from: areas}                    a list of objects, one for each value
    venues[].municipality_code: {from: municipality}    the same in each
    contacts[0].channel: {value: phone}                 only when contacts[0] gets something else as well
"""

import re
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    field_validator,
    model_validator,
)

from app.services.exchange_read import ReadOptions, heading
from app.services.exchange_values import READERS

Names = Annotated[list[str], Field(min_length=1)]
Terms = str | list[str] | None


class MappingError(Exception):
    """The mapping file is wrong; the text says where, for the person who wrote it."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True, frozen=True)


class Reading(_Strict):
    """How the file is read, where it does not say it itself."""

    encoding: str | None = None
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    header_row: Annotated[int, Field(ge=1)] | None = None
    records: str | None = Field(None, description="Key of the list of records in a JSON document.")


class ValueMap(_Strict):
    """Words of the source → terms. Compared without case; null is a word known to have no term here."""

    exact: dict[str, Terms] = Field(default_factory=dict)
    matches: dict[str, Terms] = Field(
        default_factory=dict, description="Regular expressions; all that match."
    )
    otherwise: Literal["report", "keep"] = Field("report", description="keep: an unknown word is the term.")
    show_unmapped: bool = Field(
        False, description="Show unknown words in the report: only for columns that hold a vocabulary."
    )
    _patterns: list[tuple[re.Pattern[str], Terms]] = PrivateAttr(default_factory=list)
    _exact: dict[str, Terms] = PrivateAttr(default_factory=dict)
    _unknown: list[str] = PrivateAttr(default_factory=list)

    @model_validator(mode="after")
    def _compile(self) -> Self:
        try:
            self._patterns.extend((re.compile(p, re.IGNORECASE), t) for p, t in self.matches.items())
        except re.error as error:
            raise ValueError("holds a regular expression that cannot be read") from error
        self._exact.update((heading(word), terms) for word, terms in self.exact.items())
        return self

    def terms(self, word: str) -> list[str] | None:
        """The word's terms, in order; an empty list when it is known to have none; None when unknown."""
        key = heading(word)
        if key not in self._exact:  # registers repeat the same few words, so an answer is kept
            found = [terms for pattern, terms in self._patterns if pattern.search(key)]
            terms = list(dict.fromkeys(term for terms in found for term in _listed(terms)))
            self._exact[key] = terms if found else self._unknown
        answer = self._exact[key]
        return None if answer is self._unknown else _listed(answer)


def _listed(terms: Terms) -> list[str]:
    return [] if terms is None else [terms] if isinstance(terms, str) else terms


class Rule(_Strict):
    """Where a field's value comes from and how it is read. One of `from`, `value`, `template`."""

    from_: str | Names | None = Field(None, alias="from")
    value: Any = None
    template: str | Names | None = Field(None, description="Several: the first whose columns are all filled.")
    split: str | None = Field(None, description="Characters that separate several values in one cell.")
    parse: str | None = Field(None, description="A reader of exchange_values.READERS, or municipality.")
    map: str | None = Field(None, description="Name of a value map.")
    join: str | None = Field(None, description="Several values become one text.")
    limit: Annotated[int, Field(ge=1)] | None = Field(None, description="At most so many values.")
    max_length: Annotated[int, Field(ge=1)] | None = Field(None, description="Longer text is cut at a word.")
    unless: str | None = Field(None, description="Only when this column is empty.")
    when: str | None = Field(None, description="Only when this column is filled (and is not no).")
    bad: Literal["reject", "warn"] = Field("reject", description="What an unreadable value does to its row.")

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if sum(x is not None for x in (self.from_, self.value, self.template)) != 1:
            raise ValueError("needs exactly one of from, value and template")
        if self.parse is not None and self.parse not in READERS and self.parse != "municipality":
            raise ValueError("names a reader that does not exist")
        return self

    @property
    def columns(self) -> list[str]:
        return [self.from_] if isinstance(self.from_, str) else list(self.from_ or [])

    @property
    def templates(self) -> list[str]:
        return [self.template] if isinstance(self.template, str) else list(self.template or [])


Fields = Annotated[dict[str, Rule], Field(min_length=1)]


class ContactHours(_Strict):
    """Contacts with hours by channel: a column of channel words, and one of opening hours.

    The hours are a list of {days, open, close, channels} with days mon..sun.
    """

    channels: str
    hours: str
    values: dict[str, str] = Field(description="Our channel → the column with its number or address.")
    words: dict[str, str] = Field(description="The source's channel word → our channel.")


class OrganisationPart(_Strict):
    fields: Fields


class ListingPart(_Strict):
    """A row's listing. `needs`: without these fields the row becomes only an organisation."""

    fields: Fields
    needs: list[str] = Field(default_factory=list)
    status: Literal["draft", "published", "published_if_complete"] = "draft"
    contact_hours: ContactHours | None = None


class Skip(_Strict):
    column: str
    matches: str = Field(description="Regular expression; rows whose value matches are left out and counted.")


class Table(_Strict):
    """What the rows of some sheets (or of the whole file) become."""

    sheets: Names | None = None
    sheet_as: str | None = Field(None, description="The sheet's name fills this column where it is empty.")
    columns: dict[str, str | Names] = Field(description="Column → the headings it may have.")
    required: list[str] = Field(default_factory=list)
    ignore: list[str] = Field(default_factory=list, description="Headings that are left out on purpose.")
    skip: list[Skip] = Field(default_factory=list)
    organisation: OrganisationPart | None = None
    listing: ListingPart | None = None

    @model_validator(mode="after")
    def _columns_exist(self) -> Self:
        if self.organisation is None and self.listing is None:
            raise ValueError("makes neither organisation nor listing")
        known = set(self.columns) | ({self.sheet_as} if self.sheet_as else set())
        used: set[str] = set(self.required)
        for part in (self.organisation, self.listing):
            for rule in part.fields.values() if part else ():
                used.update(rule.columns, filter(None, (rule.unless, rule.when)))
                used.update(name for text in rule.templates for name in template_columns(text))
        if self.listing and (hours := self.listing.contact_hours):
            used.update((hours.channels, hours.hours, *hours.values.values()))
        used.update(skip.column for skip in self.skip)
        if unknown := sorted(used - known):
            raise ValueError(f"uses columns that `columns` does not name: {', '.join(unknown)}")
        return self

    @property
    def headings(self) -> dict[str, str]:
        """Heading for comparison → column."""
        return {
            heading(alias): column
            for column, aliases in self.columns.items()
            for alias in ([aliases] if isinstance(aliases, str) else aliases)
        }


class Mapping(_Strict):
    name: str
    title: str = ""
    description: str = ""
    reading: Reading = Reading()
    tables: Annotated[list[Table], Field(min_length=1)]
    maps: dict[str, ValueMap] = Field(default_factory=dict)

    @field_validator("tables")
    @classmethod
    def _one_for_all(cls, tables: list[Table]) -> list[Table]:
        if len(tables) > 1 and any(t.sheets is None for t in tables):
            raise ValueError("several tables each name their sheets")
        return tables

    @model_validator(mode="after")
    def _maps_exist(self) -> Self:
        for table in self.tables:
            for part in (table.organisation, table.listing):
                for path, rule in part.fields.items() if part else ():
                    if rule.map is not None and rule.map not in self.maps:
                        raise ValueError(f"{path} names a value map that does not exist")
        return self

    def table(self, sheet: str | None) -> Table | None:
        """The table that takes this sheet's rows."""
        for table in self.tables:
            if table.sheets is None or sheet in table.sheets:
                return table
        return None

    def makes_organisations(self, sheet: str | None) -> bool:
        table = self.table(sheet)
        return table is not None and table.organisation is not None

    def options(self) -> ReadOptions:
        sheets = [name for table in self.tables for name in table.sheets or ()]
        return ReadOptions(
            **self.reading.model_dump(),
            sheets=sheets or None,
            headings=frozenset(name for table in self.tables for name in table.headings),
        )


_PLACE = re.compile(r"\{([\w.]+)(?:\|(\w+))?\}")


@lru_cache(maxsize=1000)
def template_columns(template: str) -> tuple[str, ...]:
    """The columns a template names."""
    return tuple(name for name, _ in _PLACE.findall(template))


def shipped() -> list[str]:
    """The names of the mappings that come with the project."""
    folder = files("app") / "data" / "mappings"
    return sorted(f.name.removesuffix(".yaml") for f in folder.iterdir() if f.name.endswith(".yaml"))


def load(mapping: Path | str) -> Mapping:
    """A mapping by its file, or by its name when it is one of `shipped()`. Raises MappingError."""
    if isinstance(mapping, str) and mapping in shipped():
        text = (files("app") / "data" / "mappings" / f"{mapping}.yaml").read_text("utf-8")
    else:
        try:
            text = Path(mapping).read_text("utf-8")
        except FileNotFoundError as error:
            known = ", ".join(shipped())
            raise MappingError(f"There is no mapping file of that name; shipped are: {known}.") from error
        except (OSError, UnicodeDecodeError) as error:
            raise MappingError("The mapping file cannot be read as UTF-8 text.") from error
    return loads(text)


def loads(text: str) -> Mapping:
    """A mapping from YAML text. Raises MappingError with the place of each mistake."""
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" (line {mark.line + 1})" if mark else ""
        raise MappingError(f"The mapping is not YAML{place}.") from error
    try:
        return Mapping.model_validate(data)
    except ValidationError as error:
        faults = [
            f"{'.'.join(str(part) for part in fault['loc']) or 'mapping'}: "
            f"{fault['msg'].removeprefix('Value error, ')}"
            for fault in error.errors(include_url=False, include_input=False)
        ]
        raise MappingError("The mapping is wrong: " + "; ".join(faults[:10])) from error

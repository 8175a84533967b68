"""FHIR resources as they are sent. Exactly what is given back is taken; all else is refused.

So a client that reads, changes and sends is understood, and no diagnosis (reasonCode), identifier or address
finds a place. What only the service decides (meta, text, dates, displays) is read past.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from app.schemas.fields import Day

Text = Annotated[str, Field(max_length=2000)]
Past = Any  # given back as we say it, whatever was sent
Few = 30


class Element(BaseModel):
    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True)


class CodingIn(Element):
    system: Text | None = None
    version: Past = None
    code: Text | None = None
    display: Past = None
    user_selected: Past = None


class ConceptIn(Element):
    coding: list[CodingIn] = Field([], max_length=Few)
    text: Text | None = None
    extension: "list[ExtensionIn]" = Field([], max_length=Few)

    def code(self, system: str) -> str | None:
        """The code of this system."""
        return next((one.code for one in self.coding if one.system == system), None)


class IdentifierIn(Element):
    use: Past = None
    type: Past = None
    system: Text | None = None
    value: Text | None = None


class ReferenceIn(Element):
    reference: Text | None = None
    type: Past = None
    identifier: IdentifierIn | None = None
    display: Past = None
    extension: "list[ExtensionIn]" = Field([], max_length=Few)


class ExtensionIn(Element):
    url: Text
    extension: "list[ExtensionIn]" = Field([], max_length=Few)
    value_code: Text | None = None
    value_string: Text | None = None
    value_boolean: bool | None = Field(None, strict=True)
    value_date: Day | None = None
    value_date_time: Past = None
    value_coding: CodingIn | None = None

    @property
    def value(self) -> Any:
        """The one value there is."""
        given = (self.value_code, self.value_string, self.value_boolean, self.value_date)
        found = next((one for one in given if one is not None), None)
        return self.value_coding.code if found is None and self.value_coding else found


class PeriodIn(Element):
    start: Text | None = None
    end: Text | None = None


class NoteIn(Element):
    time: Past = None
    author_string: Past = None
    text: Text


class NameIn(Element):
    use: Past = None
    text: Text | None = None
    given: list[Text] = Field([], max_length=1)


class TelecomIn(Element):
    system: Literal["phone", "sms", "email"]
    value: Text
    use: Past = None
    rank: Past = None
    extension: list[ExtensionIn] = Field([], max_length=Few)


class PatientIn(Element):
    """The person, within the request. No identifier, no birth date, no address."""

    resource_type: Literal["Patient"]
    id: Literal["person"] = "person"
    name: list[NameIn] = Field(min_length=1, max_length=1)
    telecom: list[TelecomIn] = Field(min_length=1, max_length=1)


class ResourceIn(Element):
    id: Text | None = None
    meta: Past = None
    language: Past = None
    text: Past = None
    extension: list[ExtensionIn] = Field([], max_length=Few)


class ServiceRequestIn(ResourceIn):
    resource_type: Literal["ServiceRequest"]
    contained: list[PatientIn] = Field([], max_length=1)
    identifier: Past = None
    replaces: Past = None
    requisition: Past = None
    status: Literal["draft", "active", "on-hold", "revoked", "completed", "entered-in-error"]
    intent: Literal["order"]
    category: list[ConceptIn] = Field([], max_length=Few)
    priority: Literal["routine", "urgent"] = "routine"
    code: ConceptIn | None = None
    subject: ReferenceIn
    authored_on: Past = None
    requester: ReferenceIn | None = None
    performer: list[ReferenceIn] = Field(min_length=1, max_length=1)
    supporting_info: Past = None
    note: list[NoteIn] = Field([], max_length=1)


class ProvisionDataIn(Element):
    meaning: Literal["related"]
    reference: ReferenceIn


class ProvisionActorIn(Element):
    role: ConceptIn
    reference: ReferenceIn


class ProvisionIn(Element):
    type: Literal["permit"]
    period: PeriodIn
    actor: list[ProvisionActorIn] = Field(min_length=1, max_length=1)
    code: list[ConceptIn] = Field(min_length=1, max_length=4)
    data: list[ProvisionDataIn] = Field(min_length=1, max_length=1)


class ConsentIn(ResourceIn):
    resource_type: Literal["Consent"]
    status: Literal["active"]
    scope: ConceptIn
    category: list[ConceptIn] = Field(min_length=1, max_length=Few)
    patient: ReferenceIn | None = None
    date_time: Past = None
    policy_rule: ConceptIn
    provision: ProvisionIn


class TaskValueIn(Element):
    """An output: what it is of, and its one value."""

    type: ConceptIn
    value_codeable_concept: ConceptIn | None = None
    value_code: Text | None = None
    value_date: Day | None = None
    value_integer: int | None = Field(None, strict=True)

    @property
    def value(self) -> Any:
        given = (self.value_code, self.value_date, self.value_integer)
        return next((one for one in given if one is not None), None)


class TaskIn(ResourceIn):
    resource_type: Literal["Task"]
    group_identifier: Past = None
    status: Literal[
        "draft",
        "requested",
        "accepted",
        "rejected",
        "in-progress",
        "on-hold",
        "completed",
        "failed",
        "cancelled",
        "entered-in-error",
    ]
    status_reason: ConceptIn | None = None
    business_status: ConceptIn | None = None
    intent: Literal["order"]
    priority: Past = None
    code: ConceptIn | None = None
    focus: ReferenceIn
    for_: ReferenceIn | None = Field(None, alias="for")
    execution_period: Past = None
    authored_on: Past = None
    last_modified: Past = None
    requester: ReferenceIn | None = None
    owner: ReferenceIn | None = None
    restriction: Past = None
    note: Past = None
    output: list[TaskValueIn] = Field([], max_length=Few)


class RequestIn(Element):
    method: Literal["POST"]
    url: Literal["ServiceRequest", "Consent", "Task"]


class EntryIn(Element):
    full_url: Text
    resource: Annotated[ServiceRequestIn | ConsentIn | TaskIn, Field(discriminator="resource_type")]
    request: RequestIn


class BundleIn(Element):
    """A referral in one transaction: the request, the consent, the task."""

    resource_type: Literal["Bundle"]
    id: Past = None
    meta: Past = None
    type: Literal["transaction"]
    entry: list[EntryIn] = Field(min_length=1, max_length=3)

"""Who may say who somebody is: an allow-list of OIDC issuers, each with its own names of claims and roles."""

import json
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_settings import NoDecode

Role = Literal["staff", "member", "operator"]
# Asymmetric ones alone: with a shared secret everybody who can verify a token could make one.
Algorithm = Literal[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519"
]


def _address(value: str) -> str:
    if not value.startswith(("https://", "http://")):
        raise ValueError("it should begin with https://")
    return value


WebUrl = Annotated[str, AfterValidator(_address)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ClaimNames(_Part):
    """What the issuer calls things. A name that begins with / is a JSON pointer: `/realm_access/roles`."""

    subject: str = Field("sub", description="What tells people apart: `employeeHsaId`, or `sub`.")
    tenant: str | None = Field(None, description="The care provider: `healthCareProviderHsaId`.")
    unit: str | None = Field(None, description="The unit within it: `healthCareUnitHsaId`.")
    organisation: str | None = Field(
        None, description="The id or external id of the organisation that a member belongs to."
    )
    roles: str | None = Field(None, description="One value, many, or many in a text with spaces between.")


class Issuer(_Part):
    """One OIDC issuer whose access tokens are taken."""

    issuer: WebUrl
    audience: str = Field(min_length=1, description="What the issuer calls this service in `aud`.")
    jwks_url: WebUrl | None = Field(None, description="Its keys; found by discovery without it.")
    algorithms: frozenset[Algorithm] = Field(frozenset(("RS256", "PS256", "ES256")), min_length=1)
    claims: ClaimNames = ClaimNames()
    roles: dict[str, Role] = Field({}, description="What a value of the roles claim gives.")
    default_role: Literal["staff"] | None = Field(
        None, description="What everybody of this issuer is, such as a region's login for its staff."
    )
    tenants: tuple[str, ...] = Field(
        (),
        description=(
            "The care providers it may speak for; any without it, which only the single issuer of a service"
            " may. One alone is taken for tokens without a tenant claim."
        ),
    )
    acr_levels: tuple[str, ...] = Field((), description="Ways to log in, the weakest first.")
    acr: dict[Role, str] = Field({}, description="The weakest way to log in that a role takes.")

    def sufficient(self, role: Role) -> tuple[str, ...]:
        """The `acr` values that open what is the role's; none when any way to log in does."""
        needed = self.acr.get(role)
        if needed is None:
            return ()
        if needed not in self.acr_levels:
            return (needed,)
        return self.acr_levels[self.acr_levels.index(needed) :]


def _parsed(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        read = json.loads(value or "[]")
    except ValueError as problem:
        raise ValueError("it should be a JSON list") from problem
    if not isinstance(read, list):
        raise ValueError("it should be a JSON list")  # noqa: TRY004  what Pydantic takes for a wrong value
    return read


def _once_each(issuers: tuple[Issuer, ...]) -> tuple[Issuer, ...]:
    if len({issuer.issuer for issuer in issuers}) < len(issuers):
        raise ValueError("an issuer stands in it twice")
    return issuers


def _bounded(issuers: tuple[Issuer, ...]) -> tuple[Issuer, ...]:
    """Of several, none speaks for another's care providers. Without a claim for them it speaks for none."""
    boundless = [issuer.issuer for issuer in issuers if issuer.claims.tenant and not issuer.tenants]
    if len(issuers) > 1 and boundless:
        raise ValueError(
            "with more than one issuer each names the care providers it may speak for, in its tenants;"
            f" missing for {', '.join(boundless)}"
        )
    return issuers


Issuers = Annotated[
    tuple[Issuer, ...],
    NoDecode,
    BeforeValidator(_parsed),
    AfterValidator(_once_each),
    AfterValidator(_bounded),
]

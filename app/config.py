"""All settings, read once from the environment (and `.env`)."""

from collections.abc import Callable
from functools import lru_cache
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, AliasChoices, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app import key_material
from app.issuers import Issuers


def _psycopg(url: str) -> str:
    """SQLAlchemy picks its driver by the scheme: any plain PostgreSQL URL means psycopg 3."""
    for scheme in ("postgres://", "postgresql://"):
        if url.startswith(scheme):
            url = "postgresql+psycopg://" + url.removeprefix(scheme)
    if not url.startswith("postgresql+psycopg://"):
        raise ValueError("it should begin with postgresql://")
    return url


def _read_at_start(read: Callable[[str], object]) -> AfterValidator:
    """Refuses at the start what would else be found when the first referral comes; an empty one is none."""

    def checked(secret: SecretStr | None) -> SecretStr | None:
        text = secret.get_secret_value().strip() if secret else ""
        if not text:
            return None
        read(text)
        return SecretStr(text)

    return AfterValidator(checked)


def _mail_server(url: str) -> None:
    parts = urlsplit(url)
    place = parts.path if parts.scheme == "file" else parts.hostname
    if parts.scheme not in {"smtp", "smtps", "file"} or not place:
        raise ValueError("it should be smtp://host, smtps://host or file:///folder")
    _ = parts.port  # raises for one that is no number


class Settings(BaseSettings):
    """Settings of the API, the worker and the command line."""

    model_config = SettingsConfigDict(
        env_prefix="TORG_", env_file=".env", extra="ignore", hide_input_in_errors=True
    )

    database_url: Annotated[str, AfterValidator(_psycopg)] = Field(
        "postgresql+psycopg://torg@127.0.0.1:5432/torg",
        title="PostgreSQL",
        description="Where the truth is kept: a PostgreSQL 18 connection URL.",
        validation_alias=AliasChoices("DATABASE_URL", "database_url"),
    )
    meili_url: str | None = Field(
        None,
        title="Meilisearch",
        description="Meilisearch's base URL; without it search runs on PostgreSQL alone (degraded).",
        validation_alias=AliasChoices("MEILI_URL", "meili_url"),
    )
    meili_master_key: SecretStr | None = Field(
        None,
        title="Meilisearch key",
        description="Key with rights to documents, indexes, settings, tasks and search.",
        validation_alias=AliasChoices("MEILI_MASTER_KEY", "meili_master_key"),
    )
    index_prefix: str = Field(
        "torg", title="Index prefix", description="First part of the index names.", pattern=r"^[a-z0-9_-]+$"
    )
    public_url: str = Field(
        "http://127.0.0.1:8000", title="Public address", description="Address the service is reached at."
    )
    max_body_bytes: int = Field(
        # A listing in 10 languages with 5 000 characters each, two bytes a character, is 100 kB.
        1_000_000,
        title="Body size",
        description="Bytes a request body may have; more is answered 413.",
        ge=10_000,
    )
    rate_limit_per_minute: int = Field(
        # A person types at most a few searches a second; a portal has its own key.
        600,
        title="Reads a minute",
        description="Requests a minute and address without a key; 0 lifts the limit.",
        ge=0,
    )
    key_rate_limit_per_minute: int = Field(
        3000, title="Requests a minute and key", description="The same for a caller with a key.", ge=0
    )
    referral_keys: Annotated[SecretStr | None, _read_at_start(key_material.masters)] = Field(
        None,
        title="Master keys of referrals",
        description=(
            "`version:key` pairs with spaces between, each key 32 bytes in base64; the first seals, others"
            " still open. Without it referrals are not served."
        ),
    )
    referral_index_key: Annotated[SecretStr | None, _read_at_start(key_material.key)] = Field(
        None,
        title="Index key of referrals",
        description="32 bytes in base64, never changed: what digests of codes and contacts are made with.",
    )
    smtp_url: Annotated[SecretStr | None, _read_at_start(_mail_server)] = Field(
        None,
        title="Mail server",
        description=(
            "`smtp://user:password@host:587` (STARTTLS), `smtps://…` (TLS from the start), or `file:///folder`,"
            " which mails are laid in instead."
        ),
    )
    mail_from: Annotated[str | None, AfterValidator(lambda text: text or None)] = Field(
        None, title="Sender", description="The address mails come from, with a name if you like."
    )
    self_referrals_per_hour: int = Field(
        20,
        title="Own wishes an hour",
        description="Wishes to be contacted, by people themselves, an hour from one address.",
        ge=1,
    )
    retention_days: int = Field(
        # A quarter to see how it went; what was learnt stays, without the person.
        90,
        title="Days after closing",
        description="Days after its closing until what tells of the person in a referral is shredded.",
        ge=0,
    )
    retention_unaccepted_days: int = Field(
        30, title="Days when never accepted", description="The same for one nobody accepted.", ge=0
    )
    outbound_private_hosts: str = Field(
        "",
        title="Hosts inside",
        description=(
            "Host names and addresses, with commas between, that may be called although they are private,"
            " and by plain http."
        ),
    )
    oidc_issuers: Issuers = Field(
        (),
        title="Issuers",
        description=(
            "The OIDC issuers whose access tokens open what is for people, as a JSON list;"
            " without it nobody is let in."
        ),
    )
    audit_signing_key: Annotated[SecretStr | None, _read_at_start(key_material.several)] = Field(
        None,
        title="Signing key of the access log",
        description="32 bytes in base64; signs checkpoints of the log of who read what. Older keys after it.",
    )
    referral_quota: int = Field(
        # A ward refers a few people a day to one association; more is a fault or an attack.
        100,
        title="Referrals a day",
        description="Referrals a day from one care provider (or from people themselves) to one organisation.",
        ge=1,
    )
    database_pool_size: int = Field(
        # 40 threads serve requests; a request holds a connection for a few milliseconds.
        15,
        title="Connections",
        description="Database connections of one process.",
        ge=1,
    )
    database_timeout_seconds: float = Field(
        # Writes are answered 503 within two seconds when the database is away.
        1.5,
        title="Wait for a connection",
        description="Seconds to wait for a database connection.",
        gt=0,
    )

    @model_validator(mode="after")
    def _keys_fit(self) -> Self:
        if (self.referral_keys is None) != (self.referral_index_key is None):
            raise ValueError("TORG_REFERRAL_KEYS and TORG_REFERRAL_INDEX_KEY are set both or neither")
        if self.referral_keys is not None and self.referral_index_key is not None:
            masters = key_material.masters(self.referral_keys.get_secret_value())
            if key_material.key(self.referral_index_key.get_secret_value()) in masters.values():
                raise ValueError("TORG_REFERRAL_INDEX_KEY is another key than those of TORG_REFERRAL_KEYS")
        return self


@lru_cache
def get_settings() -> Settings:
    """The process's settings; tests clear the cache after changing the environment."""
    return Settings()

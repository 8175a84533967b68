"""compose.yaml hands on every setting, as the service reads it."""

import asyncio
import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from app.config import Settings

ROOT = Path(__file__).resolve().parent.parent
SERVICES = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
NEEDED = {
    "POSTGRES_PASSWORD": "a",
    "TORG_SERVICE_PASSWORD": "b",
    "TORG_WORKER_PASSWORD": "c",
    "MEILI_MASTER_KEY": "d",
}


def environment(service: str, env: dict[str, str]) -> dict[str, str]:
    """What Compose gives a service, with this `.env`."""

    def given(match: re.Match[str]) -> str:
        name, _, default = match[1].partition(":")
        return env[name] if default == "?" else env.get(name) or default.removeprefix("-")

    return {
        name: re.sub(r"\$\{([^}]+)\}", given, str(value))
        for name, value in SERVICES[service]["environment"].items()
    }


def settings_of(service: str, monkeypatch: pytest.MonkeyPatch, **env: str) -> Settings:
    for name in os.environ:
        if name.startswith(("TORG_", "MEILI_", "DATABASE_")):
            monkeypatch.delenv(name)
    for name, value in environment(service, NEEDED | env).items():
        monkeypatch.setenv(name, value)
    return Settings(_env_file=None)


@pytest.mark.parametrize("service", ["app", "worker"])
def test_with_only_what_is_needed_every_other_setting_has_its_default(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = settings_of(service, monkeypatch).model_dump()
    for name in ("database_url", "meili_url", "meili_master_key"):
        assert found.pop(name)
    plain = Settings.model_construct().model_dump()
    assert found == {name: plain[name] for name in found}


def test_every_setting_reaches_the_service_or_the_worker() -> None:
    passed = {
        name.lower().removeprefix("torg_") for one in ("app", "worker") for name in environment(one, NEEDED)
    }
    assert set(Settings.model_fields) - passed == set()


def test_what_is_written_beside_the_file_is_what_the_service_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings_of("worker", monkeypatch, TORG_RETENTION_DAYS="30").retention_days == 30
    assert settings_of("app", monkeypatch, TORG_REFERRAL_QUOTA="7").referral_quota == 7


@pytest.mark.parametrize("forwarded", ["203.0.113.9", "198.51.100.1, 203.0.113.9"])
def test_a_caller_behind_the_proxy_of_this_machine_is_known_by_the_address_the_proxy_saw(
    forwarded: str,
) -> None:
    seen = []

    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        seen.append(scope["client"][0])

    trusting = ProxyHeadersMiddleware(app, trusted_hosts=environment("app", NEEDED)["FORWARDED_ALLOW_IPS"])
    for peer in ("172.18.0.1", "203.0.113.200"):
        scope = {
            "type": "http",
            "client": (peer, 1),
            "headers": [(b"x-forwarded-for", forwarded.encode())],
            "scheme": "http",
        }
        asyncio.run(trusting(scope, None, None))  # type: ignore[arg-type]
    assert seen == ["203.0.113.9", "203.0.113.200"]

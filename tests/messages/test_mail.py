"""E-mail handed to real mail servers: one takes it, others refuse, put off, die or say nothing."""

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from uuid import UUID

import pytest
from certificates import write_certificate
from mailboxes import taken
from pydantic import ValidationError

from app import http
from app.config import Settings, get_settings
from app.models import Notification
from app.services import mail
from app.services.notifications import EVENTS

LINK = "https://torg.example/r/abcDEF123"
TO = "forening@kvarnen.example"


def notification(event="referral.requested", **columns):
    return Notification(
        id=UUID(int=1),
        event=event,
        referral_id=UUID(int=2),
        correlation_id=UUID(int=3),
        created_at=datetime(2026, 11, 21, 12, tzinfo=UTC),
        **{"organisation_id": UUID(int=4)} | columns,
    )


def reason(call):
    with pytest.raises(mail.Undelivered) as told:
        call()
    return told.value.reason, told.value.final


def send(to=TO):
    mail.send(mail.compose(notification(), to=to, link=LINK))


def test_a_mail_tells_what_happened_in_two_languages_with_a_case_number_and_a_link(mail_server):
    folder = mail_server("accept")
    send()
    (got,) = taken(folder)
    assert (folder / "0.to").read_text().split() == ["torg@kommunen.example", TO]
    assert got["To"] == TO
    assert got["From"] == "Torget <torg@kommunen.example>"
    assert got["Subject"] == f"En ny förfrågan – ärende {UUID(int=2)}"
    assert got["Message-ID"] == f"<{UUID(int=1)}@kommunen.example>"
    assert got["X-Correlation-ID"] == str(UUID(int=3))
    assert got["Auto-Submitted"] == "auto-generated"
    text = got.get_content()
    assert text.count(LINK) == 2
    assert "väntar på ert svar" in text
    assert "waiting for your answer" in text


@pytest.mark.parametrize("event", EVENTS)
def test_every_event_has_its_words_and_no_link_where_none_is_given(event):
    text = mail.compose(notification(event), to=TO, link=None).get_content()
    assert str(UUID(int=2)) in text
    assert "http" not in text


def test_each_try_of_a_notification_has_the_same_message_id_and_another_notification_another():
    first, second = (mail.compose(notification(), to=TO, link=link) for link in (LINK, None))
    assert first["Message-ID"] == second["Message-ID"]
    assert mail.message_id(UUID(int=9)) != first["Message-ID"]


@pytest.mark.parametrize(
    "address",
    [
        "a@b.example\r\nBcc: c@d.example",
        "a@b.example\nBcc: c@d.example",
        "a@b.example\x00",
        "a@b.example, c@d.example",
        "a@b.example c@d.example",
        "a@b.example <c@d.example>",
        "@b.example",
        "a@",
        "förening@b.example",
        "",
        "a@" + "b" * 64 + ".example",
    ],
)
def test_an_address_that_would_write_another_header_gets_no_mail(address):
    assert reason(lambda: mail.compose(notification(), to=address, link=LINK)) == ("bad-address", True)


def test_an_address_under_a_swedish_domain_is_written_as_mail_servers_read_it():
    assert (
        mail.compose(notification(), to="a@föreningen.example", link=None)["To"]
        == "a@xn--freningen-07a.example"
    )


@pytest.mark.parametrize(
    ("part", "why"),
    [("refuse", ("smtp-550", True)), ("later", ("smtp-451", False)), ("die", ("broken-off", False))],
)
def test_a_server_that_does_not_take_the_mail_is_told_by_its_reason(mail_server, part, why):
    mail_server(part)
    assert reason(send) == why


def test_a_server_that_says_nothing_is_given_up(mail_server, monkeypatch):
    mail_server("sleep")
    monkeypatch.setattr(mail, "SECONDS", 1.0)
    began = time.monotonic()
    assert reason(send) == ("too-slow", False)
    assert time.monotonic() - began < 3


def test_nobody_listening_is_told(mail_server, settings):
    settings.setenv("TORG_SMTP_URL", "smtp://127.0.0.1:9")
    get_settings.cache_clear()
    assert reason(send) == ("unreachable", False)


def test_without_a_mail_server_or_a_sender_mails_wait(settings):
    assert reason(send) == ("no-mail-server", False)
    settings.delenv("TORG_MAIL_FROM")
    get_settings.cache_clear()
    assert reason(send) == ("no-sender", False)
    settings.setenv("TORG_MAIL_FROM", "torg")
    get_settings.cache_clear()
    assert reason(send) == ("bad-sender", False)


@pytest.fixture
def certificate(tmp_path, settings) -> Iterator[tuple[Path, Path]]:
    """A certificate for 127.0.0.1, by an authority this process trusts; the host is not one inside."""
    files = write_certificate(tmp_path, "mail.example")
    settings.setenv("SSL_CERT_FILE", str(files[0]))
    settings.setenv("TORG_OUTBOUND_PRIVATE_HOSTS", "")
    http.certificates.cache_clear()
    yield files
    http.certificates.cache_clear()


def test_mail_leaves_by_starttls_and_with_a_password(mail_server, certificate):
    folder = mail_server("secure", *certificate, login="torg:p%40ss%20w%C3%B6rd@")
    send()
    assert len(taken(folder)) == 1


def test_a_wrong_password_is_told_and_tried_again_later(mail_server, certificate):
    folder = mail_server("secure", *certificate, login="torg:wrong@")
    assert reason(send) == ("smtp-535", False)
    assert taken(folder) == []


def test_mail_does_not_leave_without_encryption(mail_server, certificate):
    folder = mail_server("accept")
    code, final = reason(send)
    assert (code, final) == ("smtp-failed", False)
    assert taken(folder) == []


def test_mail_does_not_leave_for_a_server_of_another_name(mail_server, certificate, settings, tmp_path):
    (tmp_path / "other").mkdir()
    folder = mail_server("secure", *write_certificate(tmp_path / "other", "mail.example"))
    assert reason(send)[0] in {"unreachable", "smtp-failed"}
    assert taken(folder) == []


def test_mails_can_be_laid_in_a_folder_instead(tmp_path, settings):
    settings.setenv("TORG_SMTP_URL", f"file://{tmp_path}/post%20box")
    get_settings.cache_clear()
    send()
    (file,) = (tmp_path / "post box").glob("*.eml")
    assert re.search(r"abcDEF123", message_from_bytes(file.read_bytes(), policy=default).get_content())


@pytest.mark.parametrize(
    "url", ["mail.example", "http://mail.example", "smtp://", "file:", "smtp://mail.example:x"]
)
def test_a_mail_server_that_cannot_be_one_is_refused_at_the_start_and_not_echoed(settings, url):
    settings.setenv("TORG_SMTP_URL", url)
    with pytest.raises(ValidationError) as told:
        Settings()
    assert "mail.example" not in str(told.value)


def test_an_empty_mail_server_is_none(settings):
    settings.setenv("TORG_SMTP_URL", "")
    settings.setenv("TORG_MAIL_FROM", "")
    assert (Settings().smtp_url, Settings().mail_from) == (None, None)

"""E-mail: what happened in words, an opaque case number, to organisations a one-time link; never a person.

The Message-ID is made of the notification's id, so that a mail sent twice can be recognised.
"""

import asyncio
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit
from uuid import UUID

import aiosmtplib

from app import http
from app.config import get_settings
from app.models import Notification

SECONDS = 30.0
_TOLD_SV = {
    "referral.requested": ("En ny förfrågan", "En ny förfrågan om att ta emot en person väntar på ert svar."),
    "referral.reminder": (
        "Påminnelse",
        "Ett ärende hos er väntar på ert svar eller på nästa steg.",
    ),
    "referral.contact-changed": (
        "Ny kontaktväg",
        "En person har ändrat hur hon vill bli nådd. Använd inte den gamla kontaktvägen.",
    ),
    "referral.info-requested": ("En fråga", "En fråga har ställts i ett ärende hos er."),
    "referral.info-supplied": ("Svar på er fråga", "Er fråga i ett ärende har fått svar."),
    "referral.status-changed": ("Ett ärende har ändrats", "Något har ändrats i ett ärende hos er."),
    "referral.withdrawn": (
        "En förfrågan har dragits tillbaka",
        "En förfrågan har dragits tillbaka. Kontakta inte personen.",
    ),
    "referral.expired": (
        "En förfrågan har gått ut",
        "En förfrågan har gått ut, eftersom ingen svarade på den.",
    ),
    "referral.link": ("En ny länk", "Här är den nya länk till ett ärende som någon hos er bad om."),
}
_TOLD_EN = {
    "referral.requested": "A new request to receive a person is waiting for your answer.",
    "referral.reminder": "A case of yours is waiting for your answer or the next step.",
    "referral.contact-changed": "A person wants to be reached another way. Do not use the old one.",
    "referral.info-requested": "A question has been asked in a case of yours.",
    "referral.info-supplied": "Your question in a case has been answered.",
    "referral.status-changed": "Something has changed in a case of yours.",
    "referral.withdrawn": "A request has been withdrawn. Do not contact the person.",
    "referral.expired": "A request has expired, because nobody answered it.",
    "referral.link": "Here is the new link to a case that somebody with you asked for.",
}
# What whoever refers is told at the mailbox of her unit.
_REQUESTER_SV = {
    "referral.reminder": (
        "Påminnelse",
        "En hänvisning från er enhet väntar på svar eller på nästa steg.",
    ),
    "referral.info-requested": ("En fråga", "Det finns en fråga om en hänvisning från er enhet."),
    "referral.status-changed": ("Något har hänt", "Något har hänt med en hänvisning från er enhet."),
    "referral.withdrawn": (
        "En hänvisning har dragits tillbaka",
        "En hänvisning från er enhet har dragits tillbaka.",
    ),
    "referral.expired": (
        "En hänvisning har gått ut",
        "En hänvisning från er enhet har gått ut, eftersom ingen svarade på den.",
    ),
}
_REQUESTER_EN = {
    "referral.reminder": "A referral of your unit is waiting for an answer or the next step.",
    "referral.info-requested": "A question has been asked about a referral of your unit.",
    "referral.status-changed": "Something has happened to a referral of your unit.",
    "referral.withdrawn": "A referral of your unit has been withdrawn.",
    "referral.expired": "A referral of your unit has expired, because nobody answered it.",
}
_READ_SV = "Läs mer i det system ni hänvisar från."
_READ_EN = "Read more in the system you refer from."
_LINK_SV = (
    "Läs och svara på den här sidan. Länken öppnar ärendet en gång och är bara för er; behöver ni öppna det"
    " igen senare ber ni om en ny länk på samma sida:"
)
_LINK_EN = (
    "Read and answer on this page. The link opens the case once and is for you alone; to open it again later,"
    " ask for a new link on the same page:"
)
_WHY_SV = "Detta är ett automatiskt meddelande. Det innehåller inga uppgifter om någon person."
_WHY_EN = "This is an automatic message. It holds nothing about any person."


class Undelivered(Exception):
    """The mail was not taken. `reason` is a stable word; `final` when another try cannot help."""

    def __init__(self, reason: str, *, final: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.final = final


@dataclass(frozen=True)
class _Server:
    host: str
    port: int
    username: str | None
    password: str | None
    tls_from_start: bool
    starttls: bool


def compose(notification: Notification, *, to: str, link: str | None) -> EmailMessage:
    """The mail for a notification, to the organisation it names, else to the unit that refers.

    Raises Undelivered for an address no mail can go to.
    """
    to_requester = notification.organisation_id is None
    subject, swedish = (_REQUESTER_SV if to_requester else _TOLD_SV)[notification.event]
    english = (_REQUESTER_EN if to_requester else _TOLD_EN)[notification.event]
    case = str(notification.referral_id)
    message = EmailMessage(policy=SMTP)
    message["From"] = _sender()
    try:
        message["To"] = _only_address(to)
    except (MessageError, ValueError) as error:
        raise Undelivered("bad-address", final=True) from error
    message["Subject"] = f"{subject} – ärende {case}"
    message["Date"] = format_datetime(notification.created_at)
    message["Message-ID"] = message_id(notification.id)
    message["X-Correlation-ID"] = str(notification.correlation_id)
    message["Auto-Submitted"] = "auto-generated"
    where_sv = [_READ_SV] if to_requester else [_LINK_SV, link] if link else []
    where_en = [_READ_EN] if to_requester else [_LINK_EN, link] if link else []
    parts = [swedish, f"Ärende: {case}", *where_sv, _WHY_SV, "–" * 20]
    parts += [english, f"Case: {case}", *where_en, _WHY_EN]
    message.set_content("\n\n".join(parts) + "\n", charset="utf-8", cte="quoted-printable")
    return message


def message_id(notification_id: UUID) -> str:
    """The same for every try of one notification."""
    return f"<{notification_id}@{_sender().domain}>"


def send(message: EmailMessage) -> None:
    """Hand a mail to the mail server (or lay it in the folder) of the settings. Raises Undelivered."""
    url = urlsplit(_url())
    if url.scheme == "file":
        _lay_down(message, Path(unquote(url.path)))
        return
    try:
        asyncio.run(asyncio.wait_for(_hand_over(message, _server(url)), SECONDS))
    except aiosmtplib.SMTPRecipientsRefused as error:
        code = min((one.code for one in error.recipients), default=550)
        raise Undelivered(f"smtp-{code}", final=code >= 500) from error
    except aiosmtplib.SMTPResponseException as error:
        raise Undelivered(f"smtp-{error.code}") from error
    except (TimeoutError, aiosmtplib.SMTPTimeoutError) as error:
        raise Undelivered("too-slow") from error
    except aiosmtplib.SMTPServerDisconnected as error:
        raise Undelivered("broken-off") from error
    except (OSError, aiosmtplib.SMTPConnectError) as error:
        raise Undelivered("unreachable") from error
    except aiosmtplib.SMTPException as error:
        raise Undelivered("smtp-failed") from error


async def _hand_over(message: EmailMessage, server: _Server) -> None:
    await aiosmtplib.send(
        message,
        hostname=server.host,
        port=server.port,
        username=server.username,
        password=server.password,
        use_tls=server.tls_from_start,
        start_tls=server.starttls,
        tls_context=http.certificates(),
        local_hostname=_sender().domain,
        timeout=SECONDS,
    )


def _lay_down(message: EmailMessage, folder: Path) -> None:
    """One file a mail, for a machine without a mail server."""
    name = message["Message-ID"].strip("<>").partition("@")[0]
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / f"{name}.eml").write_bytes(bytes(message))
    except OSError as error:
        raise Undelivered("no-folder") from error


def _url() -> str:
    setting = get_settings().smtp_url
    if setting is None:
        raise Undelivered("no-mail-server")
    return setting.get_secret_value()


def _server(url: SplitResult) -> _Server:
    """smtps:// is TLS from the start, smtp:// STARTTLS; without TLS only to a host inside."""
    host = url.hostname or ""
    at_once = url.scheme == "smtps"
    return _Server(
        host=host,
        port=url.port or (465 if at_once else 587),
        username=unquote(url.username) if url.username else None,
        password=unquote(url.password) if url.password else None,
        tls_from_start=at_once,
        starttls=not at_once and not http.is_inside(host),
    )


def _sender() -> Address:
    setting = get_settings().mail_from
    if setting is None:
        raise Undelivered("no-sender")
    try:
        return _address(setting)
    except (MessageError, ValueError) as error:
        raise Undelivered("bad-sender") from error


def _only_address(text: str) -> Address:
    """One bare address. Raises ValueError for a name, a list or anything else beside it."""
    if parseaddr(text) != ("", text):
        raise ValueError("not one bare address")
    return _address(text)


def _address(text: str) -> Address:
    """An address with its display name. Raises ValueError, also for line breaks and letters beyond ASCII."""
    name, plain = parseaddr(text)
    if not plain or any(ord(letter) < 32 for letter in text):
        raise ValueError("not an address")
    local, _, domain = plain.rpartition("@")
    return Address(name, addr_spec=f"{local}@{domain.encode('idna').decode('ascii')}")

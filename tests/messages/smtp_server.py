"""A mail server to be run as a process: `python smtp_server.py PART FOLDER [CERTIFICATE KEY]`.

It prints its port and lays each mail it takes in the folder. PART: accept; refuse (550 for each recipient);
later (451); die (ends between the mail and its answer); sleep (never answers); secure (STARTTLS and a
password are demanded).
"""

import asyncio
import os
import socket
import ssl
import sys
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


class Handler:
    def __init__(self, part: str, folder: Path) -> None:
        self._part, self._folder = part, folder

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self._part == "refuse":
            return "550 5.1.1 nobody here of that name"
        if self._part == "later":
            return "451 4.7.1 come again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        number = len(list(self._folder.glob("*.eml")))
        (self._folder / f"{number}.eml").write_bytes(envelope.original_content)
        (self._folder / f"{number}.to").write_text("\n".join([envelope.mail_from, *envelope.rcpt_tos]))
        if self._part == "die":
            os._exit(1)
        if self._part == "sleep":
            await asyncio.sleep(60)
        return "250 OK"


def _known(
    _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: object
) -> AuthResult:
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (b"torg", b"p@ss w\xc3\xb6rd")
    return AuthResult(success=good, handled=False)


async def main(part: str, folder: str, *certificate: str) -> None:
    options: dict[str, object] = {}
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        options = {"tls_context": context, "require_starttls": True}
        options |= {"authenticator": _known, "auth_required": True}
    loop = asyncio.get_running_loop()
    listener = socket.create_server(("127.0.0.1", 0))
    server = await loop.create_server(lambda: SMTP(Handler(part, Path(folder)), **options), sock=listener)
    sys.stdout.write(f"{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

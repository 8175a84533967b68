"""What binds a form to the browser it was shown in, without anything being kept."""

import hmac
import secrets

from app.errors import Forbidden
from app.services.referral_links import SESSION_PREFIX
from app.services.vault import vault


class FormRefused(Forbidden):
    """The form was not made for this browser's session, or the session is another by now."""


def visitor() -> str:
    """A new secret for the cookie of a browser that has no session yet."""
    return secrets.token_urlsafe(32)


def form_token(secret: str) -> str:
    """What a form carries to show that it was made for the browser whose cookie holds `secret`."""
    return vault().mac("form", secret)


def require_form(secret: str | None, sent: str) -> None:
    """Raise FormRefused unless `sent` is the token of the cookie's secret."""
    if not secret or not hmac.compare_digest(form_token(secret).encode(), sent.encode()):
        raise FormRefused("The form is too old. Nothing was saved.")


def session_token(visitor_secret: str, link: str) -> str:
    """The session that this browser gets by this link: the same one when the button is pressed twice."""
    return SESSION_PREFIX + vault().mac("link-session", f"{visitor_secret}|{link}")

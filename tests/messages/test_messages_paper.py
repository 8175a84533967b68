"""What docs/messages.md promises is so."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from message_cases import hook, tell, time_passes
from standardwebhooks import WebhookVerificationError
from typer.testing import CliRunner

from app import db
from app.cli import app
from app.services import deliveries, webhooks
from app.services.notifications import EVENTS
from app.services.webhooks import Owner

PAPER = (Path(__file__).parents[2] / "docs" / "messages.md").read_text(encoding="utf-8")
UNITS = {"s": "seconds", "min": "minutes", "h": "hours"}


def test_every_event_is_in_the_paper_and_no_other():
    assert re.findall(r"^\| `(referral\.[a-z-]+)` \|", PAPER, re.MULTILINE) == list(EVENTS)


def test_the_tries_of_the_paper_are_those_that_are_made():
    (row,) = re.findall(r"^\| after \| (.*) \|$", PAPER, re.MULTILINE)
    told = [
        timedelta(**{UNITS[unit]: int(number) for number, unit in re.findall(r"(\d+) (s|min|h)\b", cell)})
        for cell in row.split(" | ")
    ]
    made = [sum(deliveries.WAITS[:number], timedelta()) for number in range(deliveries.TRIES)]
    assert len(told) == len(made) == 10
    assert all(abs(one - other) < timedelta(minutes=1) for one, other in zip(told, made, strict=True))


def test_the_program_of_the_paper_verifies_a_message_and_knows_one_that_came_twice(
    receivers, places, referral_id
):
    (program,) = re.findall(r"^```python\n(.*?)^```", PAPER, re.MULTILINE | re.DOTALL)
    names: dict = {}
    exec(program, names)  # noqa: S102 - the paper's own
    receiver = receivers()
    with db.session_scope() as session:
        owner = Owner(organisation_id=places.organisations[0])
        secret = webhooks.register(session, owner, url=receiver.url, events=[], actor="test")[1]
    tell(referral_id)
    deliveries.deliver("webhook")
    (got,) = receiver.got
    seen: set[str] = set()
    told = names["receive"](secret, got.headers, got.body.encode(), seen)
    assert told.endswith(f"/api/v1/inbox/{referral_id}")
    assert names["receive"](secret, got.headers, got.body.encode(), seen) is None
    with pytest.raises(WebhookVerificationError):
        names["receive"](secret, got.headers, got.body.encode() + b" ", set())


def test_the_command_line_lists_what_waits_and_what_was_given_up_and_sends_it_again(
    receivers, places, referral_id
):
    endpoint = hook(Owner(tenant=places.tenants[0]), receivers(status=410).url)
    tell(referral_id, "referral.expired")
    deliveries.deliver("webhook")
    run = CliRunner()
    waiting = run.invoke(app, ["notifications", "list"]).output.splitlines()
    failed = run.invoke(app, ["notifications", "list", "--failed"]).output.splitlines()
    (mail,), (webhook,) = waiting, failed
    assert mail.split("\t")[2:] == [
        *("referral.expired", "email", f"organisation:{places.organisations[0]}", "0", "")
    ]
    assert webhook.split("\t")[3:] == [*("webhook", f"webhook:{endpoint}", "1", "status-410")]
    assert run.invoke(app, ["notifications", "retry", webhook.split("\t")[0]]).output == "1 messages\n"
    assert len(run.invoke(app, ["notifications", "list"]).output.splitlines()) == 2
    time_passes()
    deliveries.deliver("webhook")
    assert run.invoke(app, ["notifications", "list", "--failed"]).output.strip().endswith("endpoint-disabled")
    assert run.invoke(app, ["notifications", "retry"]).output == "1 messages\n"

"""Roles, row-level security and append-only tables of referrals

The web service acts as torg_service and sees the rows of its wall: settings of the transaction that say for
whom it acts. The worker acts as torg_worker and sees every referral but never what tells of a person. Both are
roles without login; a login user of production is a member of one of them and owns nothing. Whoever migrates may
act as them, but inherits nothing: the owner, too, sees no referral without a wall.
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ROLES = ("torg_service", "torg_worker")
DIRECTORY = (
    *("audience", "category", "county", "fact", "idempotency", "language", "listing", "listing_audience"),
    *("listing_category", "listing_language", "listing_venue", "municipality", "organisation", "outbox"),
    *("place", "postcode", "search_document", "search_gap", "venue"),
)
# Whose row a transaction may see, by its settings; an unset one is NULL and equals nothing.
SETTINGS = {
    "tenant": "text",
    "organisations": "uuid[]",
    "referral": "uuid",
    "code": "text",
    "session": "text",
}
# A referral that is named narrows what a tenant, an organisation or a code shows; alone it shows itself.
VISIBLE = (
    "((torg_referral() IS NULL OR id = torg_referral()) AND ("
    "requester_tenant = torg_tenant()"
    " OR (organisation_id = ANY (torg_organisations()) AND status <> 'draft')"
    " OR code_mac = torg_code()"
    " OR (id = torg_referral() AND torg_tenant() IS NULL AND torg_organisations() IS NULL AND torg_code() IS NULL)))"
)
OF_REFERRAL = "EXISTS (SELECT FROM referral r WHERE r.id = referral_id)"
# An organisation that has not accepted sees nothing of the person, even where the service would forget to ask.
OF_PERSON = (
    "EXISTS (SELECT FROM referral r WHERE r.id = referral_id AND (r.accepted_at IS NOT NULL"
    " OR r.requester_tenant = torg_tenant() OR r.code_mac = torg_code()"
    " OR (r.organisation_id = ANY (torg_organisations())) IS NOT TRUE))"
)
WALLS = {
    "referral": VISIBLE,
    "referral_key": OF_REFERRAL,
    "referral_secret": OF_PERSON,
    "referral_event": OF_REFERRAL,
    "referral_consent": OF_REFERRAL,
    "referral_link": OF_REFERRAL,
    "referral_session": f"(sha256 = torg_session() OR {OF_REFERRAL})",
    "access_log": OF_REFERRAL,
    "unit_mailbox": "tenant = torg_tenant()",
}
# What of a referral may change: never whose it is, where it came from or what kind it is.
CHANGEABLE = (
    *("status", "sub_status", "reason", "version", "organisation_id", "listing_id", "municipality_code"),
    *("language", "interpreter", "age_band", "access_needs", "urgency", "protected_identity", "decided_by"),
    *("maturity_assessed", "next_action_by", "next_action_at", "requested_at", "reminded_at", "expires_at"),
    *("accepted_at", "closed_at", "shred_after", "shredded_at", "code_mac", "redeemed_at", "duplicate_mac"),
    *("outcome", "outcome_reason", "enrolled_on", "first_attended_on", "continuing_on", "attendance_count"),
    "updated_at",
)
# The worker holds the keys of data, so it reads neither the person nor what was written about her.
UNSEALED = "id, referral_id, number, at, kind, from_status, to_status, actor, actor_id, reason"
SERVICE = {
    "api_key": "SELECT, INSERT, UPDATE",
    "audit": "SELECT, INSERT",
    "referral": f"SELECT, INSERT, UPDATE ({', '.join(CHANGEABLE)})",
    "referral_key": "SELECT, INSERT, DELETE",
    "referral_secret": "SELECT, INSERT, UPDATE, DELETE",
    "referral_event": "SELECT, INSERT",
    "referral_consent": "SELECT, INSERT, UPDATE",
    "referral_link": "SELECT, UPDATE",
    "referral_session": "SELECT, INSERT, UPDATE",
    "access_log": "SELECT, INSERT",
    "access_head": "SELECT, INSERT, UPDATE",
    "access_checkpoint": "SELECT",
    "shred_ledger": "SELECT, INSERT",
    "code_attempt": "SELECT, INSERT, DELETE",
    "account": "SELECT, INSERT, UPDATE",
    "role_grant": "SELECT, INSERT, UPDATE",
    "approval": "SELECT, INSERT, UPDATE",
    "webhook_endpoint": "SELECT, INSERT, UPDATE, DELETE",
    "unit_mailbox": "SELECT, INSERT, UPDATE, DELETE",
    "notification": "SELECT, INSERT",
}
WORKER = {
    "audit": "SELECT, INSERT",
    "referral": f"SELECT, UPDATE ({', '.join(CHANGEABLE)})",
    "referral_key": "SELECT, UPDATE (master_version, wrapped_key), DELETE",
    "referral_secret": "SELECT (referral_id), DELETE",
    "referral_event": f'SELECT ({UNSEALED}, "on"), INSERT',
    "referral_consent": "SELECT",
    "referral_link": "SELECT, INSERT, DELETE",
    "referral_session": "SELECT, DELETE",
    "access_log": "SELECT, INSERT",
    "access_head": "SELECT, INSERT, UPDATE",
    "access_checkpoint": "SELECT, INSERT",
    "shred_ledger": "SELECT, INSERT",
    "code_attempt": "SELECT, DELETE",
    "account": "SELECT",
    "approval": "SELECT, UPDATE",
    "webhook_endpoint": "SELECT, UPDATE",
    "unit_mailbox": "SELECT",
    "notification": "SELECT, INSERT, UPDATE, DELETE",
}
APPEND_ONLY = ("referral_event", "access_log", "access_checkpoint", "shred_ledger")


def make_role(role: str) -> None:
    """Roles belong to the whole server: another database, or its administrator, may have made it before."""
    op.execute(
        f"DO $$ BEGIN IF to_regrole('{role}') IS NULL THEN CREATE ROLE {role} NOLOGIN; END IF;"
        " EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
    )
    op.execute(
        f"DO $$ BEGIN IF (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE oid = to_regrole('{role}')) THEN"  # noqa: S608 - a constant
        f" RAISE EXCEPTION 'the role {role} would see through every wall' USING ERRCODE = '42501'; END IF;"
        f" IF NOT pg_has_role(current_user, '{role}', 'SET') THEN"
        f" GRANT {role} TO CURRENT_USER WITH INHERIT FALSE, SET TRUE; END IF; END $$"
    )


def upgrade() -> None:
    for role in ROLES:
        make_role(role)
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {', '.join(DIRECTORY)} TO {role}")
        op.execute(f"GRANT SELECT ON alembic_version TO {role}")
        op.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}")
    for name, kind in SETTINGS.items():
        op.execute(
            f"CREATE FUNCTION torg_{name}() RETURNS {kind} LANGUAGE sql STABLE PARALLEL SAFE"
            f" RETURN nullif(nullif(current_setting('torg.{name}', true), ''), '{{}}')::{kind}"
        )
    for role, rights in (("torg_service", SERVICE), ("torg_worker", WORKER)):
        for table, what in rights.items():
            op.execute(f"GRANT {what} ON {table} TO {role}")
    for table, seen in WALLS.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        # Anyone may append to the log; what may be read of it is the wall's.
        checked = "true" if table == "access_log" else seen
        op.execute(f"CREATE POLICY wall ON {table} TO torg_service USING ({seen}) WITH CHECK ({checked})")
        op.execute(f"CREATE POLICY worker ON {table} TO torg_worker USING (true) WITH CHECK (true)")
    op.execute(
        "CREATE FUNCTION torg_append_only() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege'; END $$"
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION torg_append_only()"
        )


def downgrade() -> None:
    for table in APPEND_ONLY:
        op.execute(f"DROP TRIGGER append_only ON {table}")
    op.execute("DROP FUNCTION torg_append_only()")
    for table in WALLS:
        op.execute(f"DROP POLICY worker ON {table}")
        op.execute(f"DROP POLICY wall ON {table}")
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    for name in SETTINGS:
        op.execute(f"DROP FUNCTION torg_{name}()")
    # The roles stay: they belong to the whole server, and another database may use them.
    for role in ROLES:
        op.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}")
        op.execute(f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {role}")

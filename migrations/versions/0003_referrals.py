"""Referrals"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "access_checkpoint",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("signature", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_access_checkpoint")),
    )
    op.create_table(
        "access_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_head")),
    )
    op.create_table(
        "access_log",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("tenant", sa.String(), nullable=True),
        sa.Column("unit", sa.String(), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("referral_id", sa.Uuid(), nullable=True),
        sa.Column("fields", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("previous", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_access_log")),
    )
    op.create_index(op.f("ix_access_log_actor_id_at"), "access_log", ["actor_id", "at"], unique=False)
    op.create_index(op.f("ix_access_log_referral_id"), "access_log", ["referral_id"], unique=False)
    op.create_table(
        "account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("issuer", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("tenant", sa.String(), nullable=True),
        sa.Column("unit", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "last_seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("issuer", "subject", name=op.f("uq_account_issuer_subject")),
    )
    op.create_table(
        "approval",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("proposal", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("proposed_by", sa.String(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision", sa.String(), nullable=True),
        sa.CheckConstraint(
            "decided_by IS DISTINCT FROM proposed_by OR decision = 'refused'",
            name=op.f("ck_approval_two_people"),
        ),
        sa.CheckConstraint("decision IN ('approved', 'refused')", name=op.f("ck_approval_decision_known")),
        sa.CheckConstraint(
            "kind IN ('verify_organisation', 'change_contacts', 'bulk_export', 'shred')",
            name=op.f("ck_approval_kind_known"),
        ),
        sa.CheckConstraint(
            "(decided_by IS NULL) = (decision IS NULL) AND (decided_at IS NULL) = (decision IS NULL)",
            name=op.f("ck_approval_decided_whole"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval")),
    )
    op.create_index(op.f("ix_approval_subject"), "approval", ["subject"], unique=False)
    op.create_table(
        "code_attempt",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("caller_mac", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_code_attempt")),
    )
    op.create_index(op.f("ix_code_attempt_caller_mac_at"), "code_attempt", ["caller_mac", "at"], unique=False)
    op.create_table(
        "shred_ledger",
        sa.Column("referral_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("referral_id", name=op.f("pk_shred_ledger")),
    )
    op.create_table(
        "role_grant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("issuer", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("granted_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(role = 'member') = (organisation_id IS NOT NULL)", name=op.f("ck_role_grant_member_of_one")
        ),
        sa.CheckConstraint("role IN ('staff', 'member', 'operator')", name=op.f("ck_role_grant_role_known")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_role_grant_organisation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_grant")),
    )
    op.create_index(
        op.f("ix_role_grant_issuer_subject_role_organisation_id"),
        "role_grant",
        ["issuer", "subject", "role", "organisation_id"],
        unique=True,
        postgresql_where=sa.text("revoked_at IS NULL"),
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "webhook_endpoint",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("tenant", sa.String(), nullable=True),
        sa.Column("unit", sa.String(), nullable=True),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("events", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("master_version", sa.Integer(), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("previous_secret", sa.LargeBinary(), nullable=True),
        sa.Column("previous_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disabled_why", sa.String(), nullable=True),
        sa.CheckConstraint(
            "(organisation_id IS NULL) <> (tenant IS NULL)", name=op.f("ck_webhook_endpoint_one_owner")
        ),
        sa.CheckConstraint(
            "unit IS NULL OR tenant IS NOT NULL", name=op.f("ck_webhook_endpoint_unit_of_tenant")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_webhook_endpoint_organisation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoint")),
    )
    op.create_index(
        op.f("ix_webhook_endpoint_organisation_id"), "webhook_endpoint", ["organisation_id"], unique=False
    )
    op.create_index(op.f("ix_webhook_endpoint_tenant"), "webhook_endpoint", ["tenant"], unique=False)
    op.create_table(
        "unit_mailbox",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=True),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_mailbox")),
    )
    op.create_index(
        op.f("ix_unit_mailbox_tenant_unit"),
        "unit_mailbox",
        ["tenant", "unit"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "notification",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("referral_id", sa.Uuid(), nullable=False),
        sa.Column("correlation_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("endpoint_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("given_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.CheckConstraint(
            "(channel = 'webhook') = (endpoint_id IS NOT NULL)",
            name=op.f("ck_notification_webhook_has_endpoint"),
        ),
        sa.CheckConstraint("channel IN ('email', 'webhook')", name=op.f("ck_notification_channel_known")),
        sa.ForeignKeyConstraint(
            ["endpoint_id"],
            ["webhook_endpoint.id"],
            name=op.f("fk_notification_endpoint_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_notification_organisation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification")),
    )
    op.create_index(op.f("ix_notification_referral_id"), "notification", ["referral_id"], unique=False)
    op.create_table(
        "referral",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("correlation_id", sa.Uuid(), nullable=False),
        sa.Column("rerouted_from", sa.Uuid(), nullable=True),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("sub_status", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("requester_tenant", sa.String(), nullable=True),
        sa.Column("requester_unit", sa.String(), nullable=True),
        sa.Column("requester_id", sa.Uuid(), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("listing_id", sa.Uuid(), nullable=False),
        sa.Column("municipality_code", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("interpreter", sa.Boolean(), nullable=True),
        sa.Column("age_band", sa.String(), nullable=True),
        sa.Column("access_needs", sa.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("urgency", sa.String(), nullable=False),
        sa.Column("protected_identity", sa.Boolean(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("maturity_assessed", sa.Boolean(), nullable=True),
        sa.Column("next_action_by", sa.String(), nullable=True),
        sa.Column("next_action_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("shred_after", sa.DateTime(timezone=True), nullable=True),
        sa.Column("shredded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("code_mac", sa.String(), nullable=True),
        sa.Column("redeemed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("duplicate_mac", sa.String(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("outcome_reason", sa.String(), nullable=True),
        sa.Column("enrolled_on", sa.Date(), nullable=True),
        sa.Column("first_attended_on", sa.Date(), nullable=True),
        sa.Column("continuing_on", sa.Date(), nullable=True),
        sa.Column("attendance_count", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(mode = 'self') = (requester_tenant IS NULL) AND (mode = 'self') = (requester_id IS NULL)",
            name=op.f("ck_referral_staff_unless_self"),
        ),
        sa.CheckConstraint(
            "NOT protected_identity OR mode = 'code'", name=op.f("ck_referral_protected_only_by_code")
        ),
        sa.CheckConstraint(
            "mode IN ('code', 'light', 'direct', 'self')", name=op.f("ck_referral_mode_known")
        ),
        sa.CheckConstraint(
            "next_action_by IN ('requester', 'organisation', 'person', 'operator')",
            name=op.f("ck_referral_owner_known"),
        ),
        sa.CheckConstraint(
            "status <> 'completed' OR outcome IS NOT NULL", name=op.f("ck_referral_completed_with_outcome")
        ),
        sa.CheckConstraint(
            "status IN ('draft', 'requested', 'accepted', 'rejected', 'in-progress', 'on-hold', 'completed', 'failed', 'cancelled', 'entered-in-error')",
            name=op.f("ck_referral_status_known"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('rejected', 'cancelled', 'on-hold', 'failed') OR reason IS NOT NULL",
            name=op.f("ck_referral_reason_given"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('requested', 'accepted', 'in-progress', 'on-hold') OR (next_action_by IS NOT NULL AND next_action_at IS NOT NULL)",
            name=op.f("ck_referral_open_has_owner_and_time"),
        ),
        sa.CheckConstraint("urgency IN ('routine', 'soon')", name=op.f("ck_referral_urgency_known")),
        sa.ForeignKeyConstraint(["listing_id"], ["listing.id"], name=op.f("fk_referral_listing_id")),
        sa.ForeignKeyConstraint(
            ["municipality_code"], ["municipality.code"], name=op.f("fk_referral_municipality_code")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_referral_organisation_id")
        ),
        sa.ForeignKeyConstraint(["requester_id"], ["account.id"], name=op.f("fk_referral_requester_id")),
        sa.ForeignKeyConstraint(["rerouted_from"], ["referral.id"], name=op.f("fk_referral_rerouted_from")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referral")),
        sa.UniqueConstraint("code_mac", name=op.f("uq_referral_code_mac")),
    )
    op.create_index(op.f("ix_referral_correlation_id"), "referral", ["correlation_id"], unique=False)
    op.create_index(
        op.f("ix_referral_duplicate_mac"),
        "referral",
        ["duplicate_mac"],
        unique=False,
        postgresql_where="duplicate_mac IS NOT NULL",
    )
    op.create_index(op.f("ix_referral_listing_id"), "referral", ["listing_id"], unique=False)
    op.create_index(
        op.f("ix_referral_next_action_at"),
        "referral",
        ["next_action_at"],
        unique=False,
        postgresql_where="status IN ('requested', 'accepted', 'in-progress', 'on-hold')",
    )
    op.create_index(
        op.f("ix_referral_organisation_id_status_updated_at"),
        "referral",
        ["organisation_id", "status", "updated_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_referral_requester_tenant_requester_unit_updated_at"),
        "referral",
        ["requester_tenant", "requester_unit", "updated_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_referral_expires_at"),
        "referral",
        ["expires_at"],
        unique=False,
        postgresql_where="status = 'requested'",
    )
    op.create_index(
        op.f("ix_referral_shred_after"),
        "referral",
        ["shred_after"],
        unique=False,
        postgresql_where="shredded_at IS NULL",
    )
    op.create_table(
        "referral_consent",
        sa.Column("referral_id", sa.Uuid(), nullable=False),
        sa.Column("given_by", sa.String(), nullable=False),
        sa.Column("given_on", sa.Date(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("recipient_id", sa.Uuid(), nullable=False),
        sa.Column("categories", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("text_version", sa.String(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("legal_basis", sa.String(), nullable=False),
        sa.Column("legal_basis_noted_on", sa.Date(), nullable=False),
        sa.Column("noted_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("given_on <= expires_on", name=op.f("ck_referral_consent_dates_in_order")),
        sa.ForeignKeyConstraint(["noted_by"], ["account.id"], name=op.f("fk_referral_consent_noted_by")),
        sa.ForeignKeyConstraint(
            ["recipient_id"], ["organisation.id"], name=op.f("fk_referral_consent_recipient_id")
        ),
        sa.ForeignKeyConstraint(
            ["referral_id"], ["referral.id"], name=op.f("fk_referral_consent_referral_id")
        ),
        sa.PrimaryKeyConstraint("referral_id", name=op.f("pk_referral_consent")),
    )
    op.create_table(
        "referral_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("referral_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("from_status", sa.String(), nullable=True),
        sa.Column("to_status", sa.String(), nullable=True),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("on", sa.Date(), nullable=True),
        sa.Column("text", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "actor IN ('requester', 'organisation', 'person', 'system')",
            name=op.f("ck_referral_event_actor_known"),
        ),
        sa.ForeignKeyConstraint(["referral_id"], ["referral.id"], name=op.f("fk_referral_event_referral_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referral_event")),
        sa.UniqueConstraint("referral_id", "number", name=op.f("uq_referral_event_referral_id_number")),
    )
    op.create_table(
        "referral_key",
        sa.Column("referral_id", sa.Uuid(), nullable=False),
        sa.Column("master_version", sa.Integer(), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["referral_id"], ["referral.id"], name=op.f("fk_referral_key_referral_id")),
        sa.PrimaryKeyConstraint("referral_id", name=op.f("pk_referral_key")),
    )
    op.create_table(
        "referral_link",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("referral_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_referral_link_organisation_id")
        ),
        sa.ForeignKeyConstraint(["referral_id"], ["referral.id"], name=op.f("fk_referral_link_referral_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referral_link")),
    )
    op.create_index(op.f("ix_referral_link_referral_id"), "referral_link", ["referral_id"], unique=False)
    op.create_table(
        "referral_secret",
        sa.Column("referral_id", sa.Uuid(), nullable=False),
        sa.Column("person", sa.LargeBinary(), nullable=False),
        sa.Column("measures", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["referral_id"], ["referral.id"], name=op.f("fk_referral_secret_referral_id")
        ),
        sa.PrimaryKeyConstraint("referral_id", name=op.f("pk_referral_secret")),
    )
    op.create_table(
        "referral_session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("referral_id", sa.Uuid(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "actor IN ('organisation', 'person')", name=op.f("ck_referral_session_actor_known")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_referral_session_organisation_id")
        ),
        sa.ForeignKeyConstraint(
            ["referral_id"], ["referral.id"], name=op.f("fk_referral_session_referral_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referral_session")),
        sa.UniqueConstraint("sha256", name=op.f("uq_referral_session_sha256")),
    )
    op.create_index(
        op.f("ix_referral_session_referral_id"), "referral_session", ["referral_id"], unique=False
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_referral_session_referral_id"), table_name="referral_session")
    op.drop_table("referral_session")
    op.drop_table("referral_secret")
    op.drop_index(op.f("ix_referral_link_referral_id"), table_name="referral_link")
    op.drop_table("referral_link")
    op.drop_table("referral_key")
    op.drop_table("referral_event")
    op.drop_table("referral_consent")
    op.drop_index(
        op.f("ix_referral_expires_at"), table_name="referral", postgresql_where="status = 'requested'"
    )
    op.drop_index(
        op.f("ix_referral_shred_after"), table_name="referral", postgresql_where="shredded_at IS NULL"
    )
    op.drop_index(op.f("ix_referral_requester_tenant_requester_unit_updated_at"), table_name="referral")
    op.drop_index(op.f("ix_referral_organisation_id_status_updated_at"), table_name="referral")
    op.drop_index(
        op.f("ix_referral_next_action_at"),
        table_name="referral",
        postgresql_where="status IN ('requested', 'accepted', 'in-progress', 'on-hold')",
    )
    op.drop_index(op.f("ix_referral_listing_id"), table_name="referral")
    op.drop_index(
        op.f("ix_referral_duplicate_mac"), table_name="referral", postgresql_where="duplicate_mac IS NOT NULL"
    )
    op.drop_index(op.f("ix_referral_correlation_id"), table_name="referral")
    op.drop_table("referral")
    op.drop_index(op.f("ix_notification_referral_id"), table_name="notification")
    op.drop_table("notification")
    op.drop_index(
        op.f("ix_unit_mailbox_tenant_unit"), table_name="unit_mailbox", postgresql_nulls_not_distinct=True
    )
    op.drop_table("unit_mailbox")
    op.drop_index(op.f("ix_webhook_endpoint_tenant"), table_name="webhook_endpoint")
    op.drop_index(op.f("ix_webhook_endpoint_organisation_id"), table_name="webhook_endpoint")
    op.drop_table("webhook_endpoint")
    op.drop_index(
        op.f("ix_role_grant_issuer_subject_role_organisation_id"),
        table_name="role_grant",
        postgresql_where=sa.text("revoked_at IS NULL"),
        postgresql_nulls_not_distinct=True,
    )
    op.drop_table("role_grant")
    op.drop_table("shred_ledger")
    op.drop_index(op.f("ix_code_attempt_caller_mac_at"), table_name="code_attempt")
    op.drop_table("code_attempt")
    op.drop_index(op.f("ix_approval_subject"), table_name="approval")
    op.drop_table("approval")
    op.drop_table("account")
    op.drop_index(op.f("ix_access_log_referral_id"), table_name="access_log")
    op.drop_index(op.f("ix_access_log_actor_id_at"), table_name="access_log")
    op.drop_table("access_log")
    op.drop_table("access_head")
    op.drop_table("access_checkpoint")

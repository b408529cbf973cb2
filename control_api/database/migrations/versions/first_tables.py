"""The first tables."""
# ruff: noqa: PLR0915 -- one statement per table, frozen once released

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "archive_writes",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("object_key", sa.String(length=300), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("retain_until_wall_ns", sa.BigInteger(), nullable=False),
        sa.Column("made_wall_ns", sa.BigInteger(), nullable=False),
        sa.Column("stored_wall_ns", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_archive_writes")),
        sa.UniqueConstraint("object_key", name=op.f("uq_archive_writes_object_key")),
    )
    with op.batch_alter_table("archive_writes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_archive_writes_stored_wall_ns"), ["stored_wall_ns"], unique=False)

    op.create_table(
        "case_tags",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("session_id", sa.String(length=32), nullable=False),
        sa.Column("case_id", sa.String(length=64), nullable=False),
        sa.Column("officer_id", sa.String(length=32), nullable=False),
        sa.Column("signed_in", sa.String(length=40), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("made_wall_ns", sa.BigInteger(), nullable=False),
        sa.Column("received_wall_ns", sa.BigInteger(), nullable=False),
        sa.Column("bound_wall_ns", sa.BigInteger(), nullable=True),
        sa.Column("replaces", sa.String(length=64), nullable=True),
        sa.Column("reason", sa.String(length=400), nullable=True),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_case_tags")),
    )
    with op.batch_alter_table("case_tags", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_case_tags_case_id"), ["case_id"], unique=False)
        batch_op.create_index("ix_case_tags_session", ["session_id", "made_wall_ns"], unique=False)

    op.create_table(
        "center_keys",
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("public_key", sa.String(length=64), nullable=False),
        sa.Column("made_wall_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_center_keys")),
        sa.UniqueConstraint("public_key", name=op.f("uq_center_keys_public_key")),
    )
    op.create_table(
        "enrolment_attempts",
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("failed_count", sa.Integer(), nullable=False),
        sa.Column("first_wall_ns", sa.BigInteger(), nullable=False),
        sa.Column("last_wall_ns", sa.BigInteger(), nullable=False),
        sa.Column("blocked_until_wall_ns", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_enrolment_attempts")),
    )
    op.create_table(
        "meta",
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("value", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_meta")),
    )
    op.create_table(
        "units",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("made_wall_ns", sa.BigInteger(), nullable=False),
        sa.Column("disabled_wall_ns", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_units")),
        sa.UniqueConstraint("name", name=op.f("uq_units_name")),
    )
    op.create_table(
        "accounts",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("sign_in_name", sa.String(length=40), nullable=False),
        sa.Column("display_name", sa.String(length=60), nullable=False),
        sa.Column("unit_id", sa.String(length=32), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("pin_verifier", sa.Text(), nullable=True),
        sa.Column("officer_number", sa.String(length=20), nullable=True),
        sa.Column("locale", sa.String(length=8), nullable=False),
        sa.Column("must_change_password", sa.Boolean(), nullable=False),
        sa.Column("failed_count", sa.Integer(), nullable=False),
        sa.Column("locked_until_wall_ns", sa.BigInteger(), nullable=True),
        sa.Column("disabled_wall_ns", sa.BigInteger(), nullable=True),
        sa.Column("made_wall_ns", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.String(length=32), nullable=True),
        sa.Column("last_sign_in_wall_ns", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "role IN ('officer', 'duty-officer', 'supervisor', 'administrator')", name=op.f("ck_accounts_role")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_accounts_unit_id_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("officer_number", name=op.f("uq_accounts_officer_number")),
        sa.UniqueConstraint("sign_in_name", name=op.f("uq_accounts_sign_in_name")),
    )
    with op.batch_alter_table("accounts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_accounts_unit_id"), ["unit_id"], unique=False)

    op.create_table(
        "rooms",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("unit_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("configuration_version", sa.Integer(), nullable=False),
        sa.Column("made_wall_ns", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.String(length=32), nullable=True),
        sa.Column("disabled_wall_ns", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_rooms_unit_id_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rooms")),
        sa.UniqueConstraint("unit_id", "name", name=op.f("uq_rooms_unit_id_name")),
    )
    with op.batch_alter_table("rooms", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_rooms_unit_id"), ["unit_id"], unique=False)

    op.create_table(
        "configuration_versions",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("room_id", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("made_wall_ns", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name=op.f("fk_configuration_versions_room_id_rooms")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_configuration_versions")),
        sa.UniqueConstraint("room_id", "version", name=op.f("uq_configuration_versions_room_id_version")),
    )
    with op.batch_alter_table("configuration_versions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_configuration_versions_room_id"), ["room_id"], unique=False)

    op.create_table(
        "devices",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("room_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("chain_key", sa.String(length=64), nullable=False),
        sa.Column("transport_key", sa.String(length=64), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("enrolled_wall_ns", sa.BigInteger(), nullable=False),
        sa.Column("confirmed_wall_ns", sa.BigInteger(), nullable=True),
        sa.Column("confirmed_by", sa.String(length=32), nullable=True),
        sa.Column("ended_wall_ns", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.String(length=32), nullable=True),
        sa.Column("ended_reason", sa.String(length=200), nullable=False),
        sa.Column("last_seen_wall_ns", sa.BigInteger(), nullable=True),
        sa.Column("last_status", sa.JSON(), nullable=True),
        sa.Column("last_proved_wall_ns", sa.BigInteger(), nullable=True),
        sa.Column("head_number", sa.BigInteger(), nullable=False),
        sa.Column("head_sha256", sa.String(length=64), nullable=True),
        sa.CheckConstraint("state IN ('pending', 'active', 'revoked', 'replaced')", name=op.f("ck_devices_state")),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name=op.f("fk_devices_room_id_rooms")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_devices")),
        sa.UniqueConstraint("chain_key", name=op.f("uq_devices_chain_key")),
        sa.UniqueConstraint("transport_key", name=op.f("uq_devices_transport_key")),
    )
    with op.batch_alter_table("devices", schema=None) as batch_op:
        batch_op.create_index(
            "ix_devices_active_room",
            ["room_id"],
            unique=True,
            sqlite_where=sa.text("state = 'active'"),
            postgresql_where=sa.text("state = 'active'"),
        )
        batch_op.create_index(batch_op.f("ix_devices_room_id"), ["room_id"], unique=False)

    op.create_table(
        "enrolment_codes",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("code_sha256", sa.String(length=64), nullable=False),
        sa.Column("room_id", sa.String(length=32), nullable=False),
        sa.Column("made_wall_ns", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.String(length=32), nullable=False),
        sa.Column("expires_wall_ns", sa.BigInteger(), nullable=False),
        sa.Column("used_wall_ns", sa.BigInteger(), nullable=True),
        sa.Column("used_by_device", sa.String(length=32), nullable=True),
        sa.Column("withdrawn_wall_ns", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name=op.f("fk_enrolment_codes_room_id_rooms")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrolment_codes")),
        sa.UniqueConstraint("code_sha256", name=op.f("uq_enrolment_codes_code_sha256")),
    )
    with op.batch_alter_table("enrolment_codes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_enrolment_codes_room_id"), ["room_id"], unique=False)

    op.create_table(
        "web_sessions",
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("csrf_token", sa.String(length=64), nullable=False),
        sa.Column("made_wall_ns", sa.BigInteger(), nullable=False),
        sa.Column("seen_wall_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_web_sessions_account_id_accounts")),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_web_sessions")),
    )
    with op.batch_alter_table("web_sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_web_sessions_account_id"), ["account_id"], unique=False)

    op.create_table(
        "alarms",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("room_id", sa.String(length=32), nullable=True),
        sa.Column("device_id", sa.String(length=32), nullable=True),
        sa.Column("detail", sa.String(length=400), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("raised_wall_ns", sa.BigInteger(), nullable=False),
        sa.Column("last_wall_ns", sa.BigInteger(), nullable=False),
        sa.Column("cleared_wall_ns", sa.BigInteger(), nullable=True),
        sa.Column("acknowledged_wall_ns", sa.BigInteger(), nullable=True),
        sa.Column("acknowledged_by", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name=op.f("fk_alarms_device_id_devices")),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name=op.f("fk_alarms_room_id_rooms")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_alarms")),
    )
    with op.batch_alter_table("alarms", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_alarms_device_id"), ["device_id"], unique=False)
        batch_op.create_index("ix_alarms_open", ["cleared_wall_ns", "acknowledged_wall_ns"], unique=False)
        batch_op.create_index(batch_op.f("ix_alarms_room_id"), ["room_id"], unique=False)

    op.create_table(
        "device_challenges",
        sa.Column("challenge_sha256", sa.String(length=64), nullable=False),
        sa.Column("device_id", sa.String(length=32), nullable=False),
        sa.Column("expires_wall_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name=op.f("fk_device_challenges_device_id_devices")),
        sa.PrimaryKeyConstraint("challenge_sha256", name=op.f("pk_device_challenges")),
    )
    with op.batch_alter_table("device_challenges", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_device_challenges_device_id"), ["device_id"], unique=False)

    op.create_table(
        "device_tokens",
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("device_id", sa.String(length=32), nullable=False),
        sa.Column("expires_wall_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name=op.f("fk_device_tokens_device_id_devices")),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_device_tokens")),
    )
    with op.batch_alter_table("device_tokens", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_device_tokens_device_id"), ["device_id"], unique=False)

    op.create_table(
        "entries",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("device_id", sa.String(length=32), nullable=False),
        sa.Column("room_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=True),
        sa.Column("behind_refused", sa.Boolean(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("detail", sa.String(length=40), nullable=False),
        sa.Column("track", sa.String(length=40), nullable=False),
        sa.Column("jws", sa.Text(), nullable=False),
        sa.Column("run", sa.String(length=32), nullable=True),
        sa.Column("sequence", sa.BigInteger(), nullable=True),
        sa.Column("start_wall_ns", sa.BigInteger(), nullable=False),
        sa.Column("end_wall_ns", sa.BigInteger(), nullable=False),
        sa.Column("session_id", sa.String(length=32), nullable=True),
        sa.Column("tag_sha256", sa.String(length=64), nullable=True),
        sa.Column("sealed_sha256", sa.String(length=64), nullable=True),
        sa.Column("sealed_size", sa.BigInteger(), nullable=True),
        sa.Column("object_key", sa.String(length=300), nullable=False),
        sa.Column("version_id", sa.String(length=200), nullable=True),
        sa.Column("retain_until_wall_ns", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("refused_code", sa.String(length=40), nullable=True),
        sa.Column("receipt", sa.Text(), nullable=True),
        sa.Column("received_wall_ns", sa.BigInteger(), nullable=False),
        sa.Column("receipted_wall_ns", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'receipted', 'refused')", name=op.f("ck_entries_state")),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name=op.f("fk_entries_device_id_devices")),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name=op.f("fk_entries_room_id_rooms")),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_entries")),
        sa.UniqueConstraint("device_id", "number", name=op.f("uq_entries_device_id_number")),
    )
    with op.batch_alter_table("entries", schema=None) as batch_op:
        batch_op.create_index("ix_entries_room_time", ["room_id", "start_wall_ns", "end_wall_ns"], unique=False)
        batch_op.create_index(batch_op.f("ix_entries_run"), ["run"], unique=False)
        batch_op.create_index(batch_op.f("ix_entries_session_id"), ["session_id"], unique=False)
        batch_op.create_index("ix_entries_state", ["device_id", "state"], unique=False)
        batch_op.create_index(batch_op.f("ix_entries_tag_sha256"), ["tag_sha256"], unique=False)

    op.create_table(
        "refused_entries",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("device_id", sa.String(length=32), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("claimed_number", sa.BigInteger(), nullable=True),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.String(length=400), nullable=False),
        sa.Column("jws", sa.Text(), nullable=False),
        sa.Column("received_wall_ns", sa.BigInteger(), nullable=False),
        sa.Column("accepted_later_wall_ns", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name=op.f("fk_refused_entries_device_id_devices")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_refused_entries")),
        sa.UniqueConstraint("device_id", "sha256", name=op.f("uq_refused_entries_device_id_sha256")),
    )
    with op.batch_alter_table("refused_entries", schema=None) as batch_op:
        batch_op.create_index("ix_refused_place", ["device_id", "claimed_number"], unique=False)

    op.create_table(
        "sessions",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("room_id", sa.String(length=32), nullable=False),
        sa.Column("device_id", sa.String(length=32), nullable=False),
        sa.Column("opened_wall_ns", sa.BigInteger(), nullable=False),
        sa.Column("opened_known", sa.Boolean(), nullable=False),
        sa.Column("closed_wall_ns", sa.BigInteger(), nullable=True),
        sa.Column("officer_id", sa.String(length=32), nullable=True),
        sa.Column("signed_in", sa.String(length=40), nullable=True),
        sa.Column("closed_by", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name=op.f("fk_sessions_device_id_devices")),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name=op.f("fk_sessions_room_id_rooms")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
    )
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sessions_officer_id"), ["officer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_sessions_opened_wall_ns"), ["opened_wall_ns"], unique=False)
        batch_op.create_index("ix_sessions_room_time", ["room_id", "opened_wall_ns"], unique=False)

    op.create_table(
        "access_register",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("person", sa.String(length=60), nullable=False),
        sa.Column("unit", sa.String(length=60), nullable=False),
        sa.Column("what", sa.String(length=40), nullable=False),
        sa.Column("room_id", sa.String(length=32), nullable=False),
        sa.Column("session_id", sa.String(length=32), nullable=True),
        sa.Column("reason", sa.String(length=400), nullable=False),
        sa.Column("granted_wall_ns", sa.BigInteger(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.CheckConstraint("what IN ('replay', 'download', 'live')", name=op.f("ck_access_register_what")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_access_register_account_id_accounts")),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name=op.f("fk_access_register_room_id_rooms")),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("fk_access_register_session_id_sessions")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_access_register")),
        sa.UniqueConstraint("id", name=op.f("uq_access_register_id")),
        sa.UniqueConstraint("sha256", name=op.f("uq_access_register_sha256")),
    )
    with op.batch_alter_table("access_register", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_access_register_account_id"), ["account_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_access_register_room_id"), ["room_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_access_register_session_id"), ["session_id"], unique=False)

    op.create_table(
        "findings",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("session_id", sa.String(length=32), nullable=False),
        sa.Column("wall_ns", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("marked", sa.Boolean(), nullable=False),
        sa.Column("author_id", sa.String(length=32), nullable=False),
        sa.Column("made_wall_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["accounts.id"], name=op.f("fk_findings_author_id_accounts")),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("fk_findings_session_id_sessions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_findings")),
    )
    with op.batch_alter_table("findings", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_findings_author_id"), ["author_id"], unique=False)
        batch_op.create_index("ix_findings_session_time", ["session_id", "wall_ns"], unique=False)

    op.create_table(
        "holds",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("session_id", sa.String(length=32), nullable=True),
        sa.Column("case_id", sa.String(length=64), nullable=True),
        sa.Column("reason", sa.String(length=400), nullable=False),
        sa.Column("placed_wall_ns", sa.BigInteger(), nullable=False),
        sa.Column("placed_by", sa.String(length=32), nullable=False),
        sa.Column("released_wall_ns", sa.BigInteger(), nullable=True),
        sa.Column("released_by", sa.String(length=32), nullable=True),
        sa.Column("released_reason", sa.String(length=400), nullable=True),
        sa.CheckConstraint("(session_id IS NULL) <> (case_id IS NULL)", name=op.f("ck_holds_one_target")),
        sa.ForeignKeyConstraint(["placed_by"], ["accounts.id"], name=op.f("fk_holds_placed_by_accounts")),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("fk_holds_session_id_sessions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holds")),
    )
    with op.batch_alter_table("holds", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_holds_case_id"), ["case_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_holds_placed_by"), ["placed_by"], unique=False)
        batch_op.create_index(batch_op.f("ix_holds_session_id"), ["session_id"], unique=False)

    op.create_table(
        "access_stretches",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("grant_id", sa.String(length=32), nullable=False),
        sa.Column("from_wall_ns", sa.BigInteger(), nullable=False),
        sa.Column("to_wall_ns", sa.BigInteger(), nullable=False),
        sa.Column("fetched_wall_ns", sa.BigInteger(), nullable=False),
        sa.Column("entry_sha256", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["access_register.id"], name=op.f("fk_access_stretches_grant_id_access_register")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_access_stretches")),
    )
    with op.batch_alter_table("access_stretches", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_access_stretches_grant_id"), ["grant_id"], unique=False)


def downgrade() -> None:
    for table in (
        "access_stretches",
        "holds",
        "findings",
        "access_register",
        "sessions",
        "refused_entries",
        "entries",
        "device_tokens",
        "device_challenges",
        "alarms",
        "web_sessions",
        "enrolment_codes",
        "devices",
        "configuration_versions",
        "rooms",
        "accounts",
        "units",
        "meta",
        "enrolment_attempts",
        "center_keys",
        "case_tags",
        "archive_writes",
    ):
        op.drop_table(table)

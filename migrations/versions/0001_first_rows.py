"""The first rows: every table that later work needs, used yet or not, since append-only ones cannot be back-filled."""

import sqlalchemy as sa
from alembic import op

from migrations.append_only import REFUSE, guard

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SERVICE = "00000000-0000-4000-8000-000000000001"
APPEND_ONLY = (
    "activations",
    "actors",
    "cases",
    "clients",
    "flag_reasons",
    "images",
    "key_revocations",
    "keys",
    "ledger",
    "models",
    "reads",
    "result_versions",
    "screenings",
    "signatures",
    "submissions",
)


def upgrade() -> None:  # noqa: PLR0915  one statement a table
    op.create_table(
        "actors",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.CheckConstraint("kind IN ('clinician', 'lab', 'service')", name=op.f("ck_actors_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_actors")),
    )
    op.create_table(
        "images",
        sa.Column("pixels_sha256", sa.String(length=64), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("pixels_sha256", name=op.f("pk_images")),
    )
    op.create_table(
        "models",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("version", sa.String(length=50), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("card_sha256", sa.String(length=64), nullable=False),
        sa.Column("card", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_models")),
        sa.UniqueConstraint("sha256", "card_sha256", name=op.f("uq_models_sha256_card_sha256")),
    )
    op.create_table(
        "notes",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("salt", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notes")),
    )
    op.create_table(
        "setup_links",
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_setup_links")),
    )
    op.create_table(
        "activations",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("model_id", sa.String(36), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("activated_by", sa.String(36), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["activated_by"], ["actors.id"], name=op.f("fk_activations_activated_by_actors")),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], name=op.f("fk_activations_model_id_models")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activations")),
    )
    op.create_index("ix_activations_at", "activations", ["at"], unique=False)

    op.create_table(
        "cases",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("opened_by", sa.String(36), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["opened_by"], ["actors.id"], name=op.f("fk_cases_opened_by_actors")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
    )
    op.create_index("ix_cases_opened_by", "cases", ["opened_by"], unique=False)

    op.create_table(
        "clients",
        sa.Column("actor_id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["actors.id"], name=op.f("fk_clients_actor_id_actors")),
        sa.PrimaryKeyConstraint("actor_id", name=op.f("pk_clients")),
        sa.UniqueConstraint("name", name=op.f("uq_clients_name")),
    )
    op.create_table(
        "ledger",
        sa.Column(
            "position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.String(36), nullable=False),
        sa.Column("act", sa.String(length=64), nullable=False),
        sa.Column("object_kind", sa.String(length=32), nullable=False),
        sa.Column("object_id", sa.String(length=64), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("prev_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["actors.id"], name=op.f("fk_ledger_actor_id_actors")),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_ledger")),
        sa.UniqueConstraint("hash", name=op.f("uq_ledger_hash")),
    )
    op.create_index("ix_ledger_act_position", "ledger", ["act", "position"], unique=False)
    op.create_index("ix_ledger_actor_id", "ledger", ["actor_id"], unique=False)
    op.create_index("ix_ledger_object", "ledger", ["object_kind", "object_id"], unique=False)

    op.create_table(
        "users",
        sa.Column("actor_id", sa.String(36), nullable=False),
        sa.Column("username", sa.String(length=64), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["actors.id"], name=op.f("fk_users_actor_id_actors")),
        sa.PrimaryKeyConstraint("actor_id", name=op.f("pk_users")),
        sa.UniqueConstraint("username", name=op.f("uq_users_username")),
    )
    op.create_table(
        "case_identifiers",
        sa.Column("case_id", sa.String(36), nullable=False),
        sa.Column("accession", sa.String(length=64), nullable=True),
        sa.Column("subject", sa.String(length=64), nullable=True),
        sa.Column("salt", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_identifiers_case_id_cases")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_case_identifiers")),
        sa.UniqueConstraint("accession", name=op.f("uq_case_identifiers_accession")),
    )
    op.create_index("ix_case_identifiers_subject", "case_identifiers", ["subject"], unique=False)

    op.create_table(
        "keys",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("client_id", sa.String(36), nullable=False),
        sa.Column("prefix", sa.String(length=16), nullable=False),
        sa.Column("secret_sha256", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["clients.actor_id"], name=op.f("fk_keys_client_id_clients")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_keys")),
        sa.UniqueConstraint("prefix", name=op.f("uq_keys_prefix")),
    )
    op.create_index("ix_keys_client_id", "keys", ["client_id"], unique=False)

    op.create_table(
        "result_versions",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("case_id", sa.String(36), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=24), nullable=False),
        sa.Column("canonical_json", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("supersedes_id", sa.String(36), nullable=True),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_result_versions_case_id_cases")),
        sa.ForeignKeyConstraint(
            ["supersedes_id"], ["result_versions.id"], name=op.f("fk_result_versions_supersedes_id_result_versions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_result_versions")),
        sa.UniqueConstraint("case_id", "number", name=op.f("uq_result_versions_case_id_number")),
    )
    op.create_table(
        "screenings",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("case_id", sa.String(36), nullable=False),
        sa.Column("submitted_by", sa.String(36), nullable=False),
        sa.Column("received_sha256", sa.String(length=64), nullable=False),
        sa.Column("pixels_sha256", sa.String(length=64), nullable=False),
        sa.Column("model_id", sa.String(36), nullable=False),
        sa.Column("thresholds", sa.JSON(), nullable=False),
        sa.Column("logit", sa.Float(precision=53), nullable=True),
        sa.Column("probability", sa.Float(precision=53), nullable=True),
        sa.Column("band", sa.String(length=16), nullable=True),
        sa.Column("unusable_reason", sa.String(length=40), nullable=True),
        sa.Column("sandbox", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(probability IS NULL) = (band IS NULL)", name=op.f("ck_screenings_band_with_score")),
        sa.CheckConstraint("(probability IS NULL) = (logit IS NULL)", name=op.f("ck_screenings_score_whole")),
        sa.CheckConstraint(
            "(unusable_reason IS NULL) = (probability IS NOT NULL)", name=op.f("ck_screenings_unusable_has_no_score")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_screenings_case_id_cases")),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], name=op.f("fk_screenings_model_id_models")),
        sa.ForeignKeyConstraint(
            ["pixels_sha256"], ["images.pixels_sha256"], name=op.f("fk_screenings_pixels_sha256_images")
        ),
        sa.ForeignKeyConstraint(["submitted_by"], ["actors.id"], name=op.f("fk_screenings_submitted_by_actors")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_screenings")),
        sa.UniqueConstraint("id", "submitted_by", name=op.f("uq_screenings_id_submitted_by")),
    )
    op.create_index("ix_screenings_case_id_pixels_sha256", "screenings", ["case_id", "pixels_sha256"], unique=False)
    op.create_index("ix_screenings_pixels_sha256", "screenings", ["pixels_sha256"], unique=False)

    op.create_table(
        "sessions",
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.actor_id"], name=op.f("fk_sessions_user_id_users")),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_sessions")),
    )
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"], unique=False)

    op.create_table(
        "user_roles",
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.actor_id"], name=op.f("fk_user_roles_user_id_users")),
        sa.PrimaryKeyConstraint("user_id", "role", name=op.f("pk_user_roles")),
    )
    op.create_table(
        "flag_reasons",
        sa.Column("screening_id", sa.String(36), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["screening_id"], ["screenings.id"], name=op.f("fk_flag_reasons_screening_id_screenings")
        ),
        sa.PrimaryKeyConstraint("screening_id", "reason", name=op.f("pk_flag_reasons")),
    )
    op.create_table(
        "key_revocations",
        sa.Column("key_id", sa.String(36), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_by", sa.String(36), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["keys.id"], name=op.f("fk_key_revocations_key_id_keys")),
        sa.ForeignKeyConstraint(["revoked_by"], ["actors.id"], name=op.f("fk_key_revocations_revoked_by_actors")),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_key_revocations")),
    )
    op.create_table(
        "open_flags",
        sa.Column("screening_id", sa.String(36), nullable=False),
        sa.Column("certainty", sa.Float(precision=53), nullable=False),
        sa.Column("flagged_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["screening_id"], ["screenings.id"], name=op.f("fk_open_flags_screening_id_screenings")
        ),
        sa.PrimaryKeyConstraint("screening_id", name=op.f("pk_open_flags")),
    )
    op.create_index("ix_open_flags_order", "open_flags", ["certainty", "flagged_at"], unique=False)

    op.create_table(
        "reads",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("screening_id", sa.String(36), nullable=False),
        sa.Column("submitted_by", sa.String(36), nullable=False),
        sa.Column("reader_id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("blind_verdict", sa.String(length=24), nullable=True),
        sa.Column("verdict", sa.String(length=24), nullable=True),
        sa.Column("note_id", sa.String(36), nullable=True),
        sa.Column("note_digest", sa.String(length=64), nullable=True),
        sa.Column("seconds", sa.Integer(), nullable=True),
        sa.Column("supersedes_id", sa.String(36), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("reader_id <> submitted_by", name=op.f("ck_reads_not_by_the_uploader")),
        sa.ForeignKeyConstraint(["note_id"], ["notes.id"], name=op.f("fk_reads_note_id_notes")),
        sa.ForeignKeyConstraint(["reader_id"], ["actors.id"], name=op.f("fk_reads_reader_id_actors")),
        sa.ForeignKeyConstraint(
            ["screening_id", "submitted_by"],
            ["screenings.id", "screenings.submitted_by"],
            name=op.f("fk_reads_screening_id_submitted_by_screenings"),
        ),
        sa.ForeignKeyConstraint(["supersedes_id"], ["reads.id"], name=op.f("fk_reads_supersedes_id_reads")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reads")),
    )
    op.create_index("ix_reads_reader_id", "reads", ["reader_id"], unique=False)
    op.create_index("ix_reads_screening_id_at", "reads", ["screening_id", "at"], unique=False)
    op.create_index(
        "uq_reads_screening_id_reader_id_standing",
        "reads",
        ["screening_id", "reader_id"],
        unique=True,
        sqlite_where=sa.text("supersedes_id IS NULL"),
        postgresql_where=sa.text("supersedes_id IS NULL"),
    )

    op.create_table(
        "signatures",
        sa.Column("version_id", sa.String(36), nullable=False),
        sa.Column("actor_id", sa.String(36), nullable=False),
        sa.Column("printed_name", sa.String(length=200), nullable=False),
        sa.Column("meaning", sa.String(length=200), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["actors.id"], name=op.f("fk_signatures_actor_id_actors")),
        sa.ForeignKeyConstraint(
            ["version_id"], ["result_versions.id"], name=op.f("fk_signatures_version_id_result_versions")
        ),
        sa.PrimaryKeyConstraint("version_id", "actor_id", name=op.f("pk_signatures")),
    )
    op.create_table(
        "submissions",
        sa.Column("client_id", sa.String(36), nullable=False),
        sa.Column("idempotency_key", sa.String(length=200), nullable=False),
        sa.Column("request_sha256", sa.String(length=64), nullable=False),
        sa.Column("screening_id", sa.String(36), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.actor_id"], name=op.f("fk_submissions_client_id_clients")),
        sa.ForeignKeyConstraint(
            ["screening_id"], ["screenings.id"], name=op.f("fk_submissions_screening_id_screenings")
        ),
        sa.PrimaryKeyConstraint("client_id", "idempotency_key", name=op.f("pk_submissions")),
    )
    actors = sa.table("actors", sa.column("id"), sa.column("kind"), sa.column("name"))
    op.bulk_insert(actors, [{"id": SERVICE, "kind": "service", "name": "blastscreen service"}])
    guard(op.get_bind(), APPEND_ONLY)


def downgrade() -> None:
    for table in (
        "submissions",
        "signatures",
        "reads",
        "open_flags",
        "key_revocations",
        "flag_reasons",
        "user_roles",
        "sessions",
        "screenings",
        "result_versions",
        "keys",
        "case_identifiers",
        "users",
        "ledger",
        "clients",
        "cases",
        "activations",
        "setup_links",
        "notes",
        "models",
        "images",
        "actors",
    ):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"DROP FUNCTION {REFUSE}()")

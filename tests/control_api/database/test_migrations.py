"""The tables that migrations make are the tables that the models name; a demo and a real centre never mix."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_mock_engine

from control_api.database import Base, Meta
from control_api.database.engine import MIGRATIONS, Database, WrongDatabase, database_url, open_database


def test_migrations_make_the_models_tables(tmp_path: Path) -> None:
    database = open_database(database_url("", tmp_path), demo=False)
    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
    database.close()


def test_opening_twice_changes_nothing(tmp_path: Path) -> None:
    url = database_url("", tmp_path)
    open_database(url, demo=True).close()
    database = open_database(url, demo=True)
    with database.reading() as session:
        row = session.get(Meta, "demo")
        assert row is not None
        assert row.value == "yes"
    database.close()


@pytest.mark.parametrize("first", [True, False])
def test_demo_and_real_centre_never_share_a_database(tmp_path: Path, first: bool) -> None:
    url = database_url("", tmp_path)
    open_database(url, demo=first).close()
    with pytest.raises(WrongDatabase, match="data_directory"):
        open_database(url, demo=not first)


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    open_database(database_url("", tmp_path), demo=False).close()
    assert (tmp_path / "center.sqlite").stat().st_mode & 0o077 == 0


def test_tables_can_be_written_for_postgresql() -> None:
    lines: list[str] = []
    engine = create_mock_engine(
        "postgresql://", lambda sql, *_a, **_k: lines.append(str(sql.compile(dialect=engine.dialect)))
    )
    Base.metadata.create_all(engine, checkfirst=False)
    made = sum(line.lstrip().startswith("CREATE TABLE") for line in lines)
    assert made == len(Base.metadata.tables)
    assert any("WHERE state = 'active'" in line for line in lines)


def test_one_line_of_revisions() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert len(ScriptDirectory.from_config(config).get_heads()) == 1


def test_a_writer_waits_for_a_writer(tmp_path: Path) -> None:
    database: Database = open_database(database_url("", tmp_path), demo=False)
    with database.writing() as session:
        session.add(Meta(key="a", value="1"))
        session.flush()
        with database.reading() as other:
            assert other.get(Meta, "a") is None
    with database.reading() as session:
        assert session.get(Meta, "a") is not None
    database.close()


def test_footage_and_holds_of_an_earlier_release_are_taken_over(tmp_path: Path) -> None:
    url = database_url("", tmp_path)
    engine = Database(url).engine
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        for number, (end_ns, received_ns) in enumerate([(5, 9), (9, 5)]):
            connection.exec_driver_sql(
                "INSERT INTO entries (sha256, device_id, room_id, number, behind_refused, kind, detail, track, jws,"
                " start_wall_ns, end_wall_ns, object_key, state, received_wall_ns)"
                f" VALUES ('{number}', 'd', 'r', {number}, 0, 'segment', '', 'all', '', 1, {end_ns}, 'k', 'receipted',"
                f" {received_ns})"
            )
        for hold, released in (("standing", "NULL"), ("released", "7")):
            connection.exec_driver_sql(
                "INSERT INTO holds (id, session_id, reason, placed_wall_ns, placed_by, released_wall_ns)"
                f" VALUES ('{hold}', 's', 'x', 3, 'p', {released})"
            )
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        command.upgrade(config, "0002")
        kept = connection.exec_driver_sql("SELECT kept_from_wall_ns, archive_hold FROM entries ORDER BY number").all()
        held = connection.exec_driver_sql("SELECT hold_id, session_id, recorded, settled FROM held_sessions").all()
        connection.rollback()
    engine.dispose()
    assert kept == [(5, 0), (5, 0)]
    assert sorted(held) == [("released", "s", 1, 1), ("standing", "s", 1, 0)]

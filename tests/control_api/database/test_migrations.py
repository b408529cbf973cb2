"""The tables that migrations make are the tables that the models name; a demo and a real centre never mix."""

from __future__ import annotations

from pathlib import Path

import pytest
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

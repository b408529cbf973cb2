"""Opens the database, brings its tables up to date, hands out transactions. Knows no model but `Meta`.

On SQLite a writing transaction takes the write lock at its start: one that began by reading could otherwise fail in
the middle instead of waiting. Readers never wait (WAL), and a commit is on the disk (synchronous=FULL).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session, sessionmaker

from control_api.database.state import Meta

MIGRATIONS = Path(__file__).parent / "migrations"


class WrongDatabase(Exception):
    """The database is not one that this centre may use; the text says why and what to do."""


class Database:
    """`writing()` and `reading()` give a SQLAlchemy session in one transaction, committed when the block ends well."""

    def __init__(self, url: str) -> None:
        self.engine = _make_engine(url)
        self._writers = sessionmaker(self.engine.execution_options(begin="IMMEDIATE"), expire_on_commit=False)
        self._readers = sessionmaker(self.engine, expire_on_commit=False)

    @contextmanager
    def writing(self) -> Iterator[Session]:
        with self._writers.begin() as session:
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        with self._readers() as session:
            yield session

    def close(self) -> None:
        self.engine.dispose()


def database_url(configured: str, data_directory: Path) -> str:
    """The SQLAlchemy URL: as configured, or SQLite in the data directory."""
    return configured or f"sqlite:///{data_directory / 'center.sqlite'}"


def open_database(url: str, *, demo: bool) -> Database:
    """Open, migrate and check the demo flag. Raises WrongDatabase when a demo and a real centre would be mixed."""
    _make_private(url)
    database = Database(url)
    migrate(database.engine)
    with database.writing() as session:
        _check_demo(session, demo)
    return database


def migrate(engine: Engine) -> None:
    """Bring the tables to the newest revision; several centres may try at once on PostgreSQL."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7481)")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _check_demo(session: Session, demo: bool) -> None:
    wanted = "yes" if demo else "no"
    row = session.get(Meta, "demo")
    if row is None:
        session.add(Meta(key="demo", value=wanted))
    elif row.value != wanted:
        raise WrongDatabase(
            "这个数据库属于演示系统，正式中心拒绝启动：请在设置中指定另一个 database_url 或 data_directory。 / "
            "This database belongs to a demo; a real centre does not start on it. Name another database_url or "
            "data_directory in the settings."
            if row.value == "yes"
            else "这个数据库属于正式中心，演示拒绝启动：请为演示指定另一个 data_directory。 / "
            "This database belongs to a real centre; a demo does not start on it. Give the demo another data_directory."
        )


def _make_private(url: str) -> None:
    """Create a SQLite file for its owner alone before SQLite would create it for everybody."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database and parsed.database != ":memory:":
        path = Path(parsed.database)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600, exist_ok=True)


def _make_engine(url: str) -> Engine:
    # Parameters hold names and case IDs: they stay out of errors, hence out of logs.
    engine = create_engine(url, pool_pre_ping=not url.startswith("sqlite"), hide_parameters=True)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver would begin transactions by itself, too late
    cursor = connection.cursor()
    for pragma in ("busy_timeout = 10000", "journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    mode = connection.get_execution_options().get("begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {mode}")

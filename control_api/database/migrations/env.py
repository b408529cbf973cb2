"""Alembic's entry: runs on the connection that `engine.migrate` hands over, or on `sqlalchemy.url` from a desk."""

from alembic import context
from sqlalchemy import Connection, create_engine

from control_api.database import Base


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    url = context.config.get_main_option("sqlalchemy.url")
    if url is None:
        raise SystemExit("alembic: set sqlalchemy.url")
    with create_engine(url).begin() as own:
        run(own)

"""What Alembic runs for every command: on the connection it was given, or on one of its own as the owner."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from lakay_streams.db import roles
from lakay_streams.db.schema import connected, lock
from lakay_streams.settings import load_settings


def migrate(connection: Connection) -> None:
    """Run the steps asked for, in the connection's transaction."""
    context.configure(connection=connection, transactional_ddl=True)
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    context.configure(dialect_name="postgresql", literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
elif (given := context.config.attributes.get("connection")) is not None:
    migrate(given)
else:
    # `alembic upgrade head`, typed by an operator (runbook 2.5)
    settings = load_settings()
    with connected(roles.as_owner(settings)) as own:
        lock(own)
        roles.require_owner(own, settings)
        migrate(own)
        roles.grant(own, settings)

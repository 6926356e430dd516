"""Run by Alembic for each migration; the connection comes from `fenlei.store.migrate`."""

from alembic import context

from fenlei.store.tables import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
with context.begin_transaction():
    context.run_migrations()

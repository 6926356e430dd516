"""Run by Alembic for each migration; the connection comes from `fenlei.store.migrate`."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()

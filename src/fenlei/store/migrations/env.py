"""Run by Alembic for each migration; the connection comes from `fenlei.store.migrate`."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from fenlei.store.tables.base import Base, Moment


def _render(kind: str, item: Any, drafting: AutogenContext) -> str | Literal[False]:
    """Steps stand alone: they name no type of the tables' own, which move on without them."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, Moment) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    compare_type=True,
    render_item=_render,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()

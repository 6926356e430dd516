"""The writing transactions of one call become one: all that it wrote is there, or none of it, whenever it is killed.

A call of the management API often writes more than once: what was asked for, then a line of the audit log, then its
answer under an idempotency key. Between two commits a process can die. In a `together` block the first `writing()`
begins a transaction and the block's end commits it; those after it join, and so do the readers, who see what was
written. Each still stands for itself: an exception undoes its own part and no other.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar

from sqlalchemy.orm import Session

from fenlei.store.database import Database
from fenlei.store.sentences import told
from fenlei.store.work import Work

log = logging.getLogger(__name__)


class Together:
    """One call. Belongs to the thread that carries it out."""

    def __init__(self, database: Database, first: Callable[[Work], None]) -> None:
        self._database, self._first = database, first
        self._stack = ExitStack()
        self._session: Session | None = None
        self._begun = False

    @property
    def begun(self) -> bool:
        """Whether something was written."""
        return self._begun

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A part of what is written."""
        session = self._session or self._begin()
        with told(self._database.url), session.begin_nested():
            yield session
        session.expunge_all()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """What was written is seen, also before anybody else sees it."""
        if self._session is None:
            with self._database.reading() as session:
                yield session
        else:
            yield self._session
            self._session.expunge_all()

    def settle(self) -> None:
        """Commit what was written so far: somebody is about to act on it."""
        self._session = None
        self._stack.close()

    def _begin(self) -> Session:
        session = self._stack.enter_context(self._database.writing())
        try:
            if not self._begun:
                self._first(Work(session))
                session.flush()
        except BaseException as exc:
            self._stack.__exit__(type(exc), exc, exc.__traceback__)
            raise
        self._session, self._begun = session, True
        return session


_open: ContextVar[Together | None] = ContextVar("fenlei_together", default=None)


def here(database: Database) -> Together | None:
    """The call that is being carried out here, when it writes to this database."""
    found = _open.get()
    return found if found is not None and found._database is database else None


@contextmanager
def together(database: Database, first: Callable[[Work], None] = lambda work: None) -> Iterator[Together]:
    """Let all that this thread writes in the block be committed at its end; what was written before an exception too.

    What takes long belongs before the first write: from then on nobody else writes.

    Args:
        database: where.
        first: writes before all others, in the same transaction; what it raises, the first `writing()` raises.

    Raises:
        StoreError: it cannot be committed.
    """
    call = Together(database, first)
    token = _open.set(call)
    try:
        yield call
    except BaseException:
        try:
            call.settle()
        except Exception:
            log.exception("not_committed")
        raise
    else:
        call.settle()
    finally:
        _open.reset(token)

"""`fenlei up` without its command line: migrate, load, listen, answer, keep the workers running, drain."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path

from fenlei.api import Platform, make_api, sign_in_url
from fenlei.app.allocator import calm_allocator
from fenlei.app.build import open_room
from fenlei.app.housekeeping import Housekeeping
from fenlei.app.lock import only_one
from fenlei.app.logs import set_up_logs
from fenlei.app.names import base_url, names_of, own_address
from fenlei.app.one_socket import OneSocket
from fenlei.app.server import bind, listen, run
from fenlei.app.storage import open_store, store_address
from fenlei.app.tree import KeptProcess, Tree
from fenlei.gateway.door import Door
from fenlei.gateway.follower import Follower
from fenlei.gateway.front import LocalFront
from fenlei.gateway.model_files import ModelFiles
from fenlei.projects.sign_in import make_sign_in_link
from fenlei.projects.users import first_owner
from fenlei.serving.asgi import App
from fenlei.settings import Settings
from fenlei.store import Database, Store

log = logging.getLogger(__name__)

WORKER_SECONDS = 20.0
"""That a worker gets to leave its runs in order."""


@dataclass(frozen=True)
class Up:
    """What a person wants to know once the platform answers.

    Attributes:
        base: scheme, host and port.
        sign_in: a link that signs the owner in once; None when the owner has a password.
        platform: its parts.
        front: answers for deployments.
    """

    base: str
    sign_in: str | None
    platform: Platform
    front: LocalFront


def up(
    settings: Settings,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    workers: int = 1,
    on_ready: Callable[[Up], None] = lambda up: None,
) -> int:
    """Run the platform until SIGTERM or SIGINT: management, predictions, and workers beside them.

    Args:
        settings: of this process and its children.
        host: the address to listen on.
        port: 0 takes any free one.
        workers: processes that carry out runs.
        on_ready: called once when requests are being answered, in a thread of its own.

    Returns:
        The exit status: 0.

    Raises:
        WorkspaceTaken: another platform runs on this workspace.
        PortTaken, HostUnusable: the address cannot be had.
        StoreError: database or blobs cannot be used, or are of a newer Fenlei.
    """
    set_up_logs(settings.log_format)
    give_back = calm_allocator()
    with ExitStack() as stack:
        alone = Database(store_address(settings).database).is_sqlite
        stack.enter_context(only_one(settings.workspace) if alone else nullcontext())
        sock = stack.enter_context(bind(host, port))
        store = open_store(settings)
        stack.callback(store.close)
        room = open_room(settings, idle=give_back)
        stack.callback(room.close)
        door = Door()
        front = LocalFront(store, ModelFiles(store.blobs, settings.cache / "models"), room, door)
        stack.callback(front.close)
        front.follow_all()
        base = settings.public_url.rstrip("/") if settings.public_url else base_url(*sock.getsockname()[:2])
        platform = _platform(settings, store, front, host, base)
        predictions = App(door.predict, room.metrics, log_requests=settings.log_requests)
        served = OneSocket(predictions, make_api(platform), platform.draining)
        follower, tree = Follower(front), Tree(_workers(settings, workers))
        housekeeping = Housekeeping(store, settings.uploads)
        stack.callback(tree.close, WORKER_SECONDS)
        listen(sock)

        def started() -> None:
            address = sock.getsockname()
            front.attach(asyncio.get_running_loop(), (own_address(address[0]), address[1]))
            predictions.open()
            follower.start()
            stack.callback(follower.close)
            tree.start()
            housekeeping.start()
            stack.callback(housekeeping.close)
            log.info("serving", extra={"base": base, "workers": workers})
            told = Up(base, _sign_in_link(store, base), platform, front)
            threading.Thread(target=_tell, args=(on_ready, told), name="fenlei-ready", daemon=True).start()

        run(served, sock, drain=settings.drain, on_started=started, on_drain=tree.ask)
    log.info("stopped")
    return 0


def _tell(on_ready: Callable[[Up], None], told: Up) -> None:
    try:
        on_ready(told)
    except Exception:  # a closed terminal, or a bug there, is no reason to stop answering
        log.exception("not_told")


def _platform(settings: Settings, store: Store, front: LocalFront, host: str, base: str) -> Platform:
    return Platform(
        store=store,
        uploads=settings.uploads,
        cache=settings.cache,
        base_url=base,
        hosts=names_of(host, settings.public_url, settings.hosts or ""),
        import_roots=tuple(Path(root).absolute() for root in (settings.import_roots or "").split(os.pathsep) if root),
        engine=settings.engine,
        front=front,
    )


def _workers(settings: Settings, count: int) -> list[KeptProcess]:
    command = [sys.executable, "-m", "fenlei", "worker", "--tied"]
    return [KeptProcess(f"worker-{number}", command, settings.environment()) for number in range(1, count + 1)]


def _sign_in_link(store: Store, base: str) -> str | None:
    owner = first_owner(store)
    return None if owner.password is not None else sign_in_url(base, make_sign_in_link(store, owner.id))

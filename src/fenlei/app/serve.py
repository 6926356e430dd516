"""`fenlei serve` without its command line: load, listen, answer, drain."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from fenlei.app.allocator import calm_allocator
from fenlei.app.build import Address, Ready, ServedModel, build
from fenlei.app.logs import set_up_logs
from fenlei.app.names import base_url
from fenlei.app.server import bind, listen, run
from fenlei.contract import Envelope, StatusStyle, prediction_url
from fenlei.gateway.keys import check_key, new_key
from fenlei.settings import Settings

log = logging.getLogger(__name__)


def serve(
    models: Sequence[ServedModel],
    settings: Settings,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    key: str | None = None,
    open_: bool = False,
    envelope: Envelope = Envelope.PLAIN,
    status: StatusStyle = StatusStyle.DOCUMENTED,
    unknown_as: str | None = None,
    decide: bool = False,
    on_ready: Callable[[Ready], None] = lambda ready: None,
) -> int:
    """Serve model files over HTTP until SIGTERM or SIGINT.

    The port is reserved first, so that a taken one is told at once; callers can connect when every model is loaded
    and has run, so that whoever gets in gets an answer.

    Args:
        models: what to serve.
        settings: of this process.
        host: the address to listen on.
        port: 0 takes any free one.
        key: opens the deployments; made when None, unless they are open.
        open_: whether they may be called without a key.
        envelope: what stands around answers.
        status: which HTTP statuses they travel with.
        unknown_as: the class that pictures of nothing known are answered with; None answers them like any other.
        decide: whether the thresholds of the models have a say in which class is answered.
        on_ready: called once when requests are being answered.

    Returns:
        The exit status: 0.

    Raises:
        PortTaken, HostUnusable: the address cannot be had.
        BadKey: the key cannot travel in a URL and a header.
        FenleiError: a model cannot be served.
    """
    made = key is None and not open_
    secret = None if open_ else check_key(key) if key is not None else new_key()
    set_up_logs(settings.log_format)
    give_back = calm_allocator()
    with bind(host, port) as sock:
        house = build(
            models,
            settings,
            key=secret,
            envelope=envelope,
            status=status,
            unknown_as=unknown_as,
            decide=decide,
            idle=give_back,
        )
        try:
            listen(sock)
            base = base_url(*sock.getsockname()[:2])
            addresses = tuple(Address(name, prediction_url(base, name, secret)) for name in house.names)

            def started() -> None:
                log.info("serving", extra={"base": base, "deployments": list(house.names), "open": open_})
                on_ready(Ready(base, addresses, secret, made))

            run(house.app, sock, drain=settings.drain, on_started=started)
        finally:
            house.close()
    log.info("stopped")
    return 0

"""The whole of it: a platform, people who work with it, somebody who kills it, and the verdict."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from fenlei.modelfile import pack
from fenlei.store import Store, StoreAddress
from tests.support.models import tiny_model
from tests.support.networks import tiny_network
from tests.support.until import until
from tests.torture import verdict
from tests.torture.caller import Caller
from tests.torture.hand import Hand
from tests.torture.killer import Killer, Toll
from tests.torture.ledger import Ledger
from tests.torture.person import Person
from tests.torture.tree import Tree

SETTLE_SECONDS = 300.0
"""After the last kill, within which every run must be over."""

ROUNDS = 3

STEADY = ("a", "b")


@dataclass
class Outcome:
    """What became of it.

    Attributes:
        violations: promises that were broken; none is the only good number.
        toll: what was killed.
        ledger: what was acknowledged.
        asked: predictions.
        refused: predictions that found no connection while the server was down.
        failed: predictions that failed at any other time.
        settled: seconds from the last kill until every run was over.
        seconds: in all.
        log: what the platform wrote to standard error.
    """

    violations: list[str]
    toll: Toll
    ledger: Ledger
    asked: int = 0
    refused: int = 0
    failed: int = 0
    settled: float = 0.0
    seconds: float = 0.0
    log: str = ""
    counts: dict[str, int] = field(default_factory=dict)

    def table(self) -> str:
        """The figures, for a person."""
        lines = [("kills", str(self.toll.total)), *((f"  of {name}", str(n)) for name, n in self.toll.kills.items())]
        for what, by_target in (("let go of", self.toll.freed), ("claimed again", self.toll.reclaimed)):
            for name, took in by_target.items():
                if took:
                    said = f"p50 {statistics.median(took):.2f} s, max {max(took):.2f} s, n {len(took)}"
                    lines.append((f"run {what} after a kill of {name}", said))
        down = [until_ - since for since, until_ in self.toll.down]
        if down:
            lines.append(("server down", f"p50 {statistics.median(down):.2f} s, max {max(down):.2f} s"))
        lines.append(("writes acknowledged", str(sum(self.ledger.acknowledged.values()))))
        lines += [(f"  {name}", str(n)) for name, n in sorted(self.ledger.acknowledged.items())]
        lines += [
            (
                "calls sent again",
                f"{self.ledger.repeated}, of which carried out before {self.ledger.replayed}",
            ),
            *self.counts_lines(),
            ("runs given up after five deaths in one step", str(self.ledger.given_up)),
            ("predictions asked", str(self.asked)),
            ("  no connection while the server was down", str(self.refused)),
            ("  failed otherwise", str(self.failed)),
            ("every run over after the last kill", f"{self.settled:.1f} s"),
            ("duration", f"{self.seconds:.0f} s"),
            ("violations", str(len(self.violations))),
        ]
        width = max(len(name) for name, _ in lines)
        return "\n".join(f"{name:{width}}  {said}" for name, said in lines)

    def counts_lines(self) -> list[tuple[str, str]]:
        """What the platform holds in the end."""
        return [(f"in the end: {name}", str(number)) for name, number in self.counts.items()]


def torment(
    folder: Path,
    *,
    kills: int,
    seed: int,
    seconds: float,
    address: StoreAddress | None = None,
    extra: Mapping[str, str] | None = None,
    people: int = 2,
) -> Outcome:
    """Let people work on a platform while its processes are killed; then look at what is left.

    Args:
        folder: empty; the workspace goes there.
        kills: how many.
        seed: of what is done and when it is killed; when what happens is up to the machine.
        seconds: after which no more is killed.
        address: of another store than the workspace's own.
        extra: environment variables by which the platform opens it.
        people: who work side by side.
    """
    began = time.monotonic()
    workspace = folder / "workspace"
    network = folder / "tiny.onnx"
    network.write_bytes(tiny_network())
    wishes = {"FENLEI_ENGINE": "onnxruntime", "FENLEI_BACKBONE": str(network), **(extra or {})}
    tree = Tree(workspace, wishes)
    over, quiet = threading.Event(), threading.Event()
    ledger = Ledger()
    hands: list[Hand] = []
    store = Store.at(address or StoreAddress(workspace / "fenlei.db", workspace / "blobs"))
    tree.begin()
    try:
        tree.wait()
        token = _token(tree)
        hands += [Hand(tree.base, token, ledger) for _ in range(1 + people)]
        admin = hands[0]
        caller = Caller(_steady(admin, tree.base, ledger), STEADY, quiet)
        crowd = [Person(f"p{number}", seed, hand, ledger, over) for number, hand in enumerate(hands[1:])]
        killer = Killer(tree, store, seed, over)
        for thread in (caller, *crowd):
            thread.start()
        try:
            killer.work(kills, began + seconds)
        finally:
            last = time.monotonic()
            over.set()
            for person in crowd:
                person.join(150)
        violations = [f"{person.name} hangs" for person in crowd if person.is_alive()]
        settled = _settle(store, crowd, killer, last, violations)
        violations += ledger.wrong
        conditions = {each["id"]: each for each in admin.ask("GET", "/deployments", limit=500)["items"]}
        violations += verdict.answers(store, tree.base, conditions)
        quiet.set()
        caller.join(60)
        failures = caller.failures(killer.toll.down)
        violations += [f"prediction: {failure}" for failure in failures[:5]]
        violations += verdict.wrong(store, ledger)
        violations += _ends_in_order(tree, store, workspace)
        counts = _counts(store)
    finally:
        over.set()
        quiet.set()
        tree.close()
        store.close()
        for hand in hands:
            hand.close()
    refused = len(caller.unanswered) - (len(failures) - len(caller.wrong))
    took = time.monotonic() - began
    return Outcome(
        violations, killer.toll, ledger, caller.asked, refused, len(failures), settled, took, tree.log, counts
    )


def _token(tree: Tree) -> str:
    with httpx.Client(base_url=f"{tree.base}/api/v1", trust_env=False, timeout=30) as http:
        http.post("/sign-in", json={"link": tree.link}).raise_for_status()
        made = http.post("/tokens", json={"name": "torture", "role": "owner"}, headers={"origin": tree.base})
        made.raise_for_status()
        return str(made.json()["secret"])


def _steady(admin: Hand, base: str, ledger: Ledger) -> str:
    """Publish a model that nobody touches; its URL."""
    parked = admin.ask("POST", "/model-files", content=pack(tiny_model(STEADY)))
    version = admin.ask("POST", "/model-versions", {"file": parked["id"], "name": "steady"})["version"]["id"]
    made = admin.ask("POST", "/deployments", {"name": "steady", "model_version_id": version, "open": True})
    ledger.published[made["deployment"]["id"]] = [version]
    return f"{base}/api/image/steady"


def _settle(store: Store, crowd: list[Person], killer: Killer, last: float, violations: list[str]) -> float:
    """Wait until every run is over, and let people take in what came of them."""

    def idle() -> bool:
        killer.watch()
        return not verdict.unfinished(store)

    try:
        until(idle, SETTLE_SECONDS, "every run is over")
        took = time.monotonic() - last
        for _ in range(ROUNDS):  # what failed is asked for again by those who want it
            for person in crowd:
                person.settle()
            until(idle, SETTLE_SECONDS, "every run is over that was asked for again")
    except AssertionError:
        violations += verdict.unfinished(store)
        return float("inf")
    return took


def _ends_in_order(tree: Tree, store: Store, workspace: Path) -> list[str]:
    """SIGTERM, another start, which sweeps, and SIGTERM again."""
    statuses = [tree.stop()]
    tree.begin()
    tree.wait()
    with suppress(AssertionError):
        until(lambda: not list(verdict.left_behind(store, workspace)), 20)
    statuses.append(tree.stop())
    found = [f"fenlei up ended with {status} on SIGTERM" for status in statuses if status]
    return [*found, *verdict.left_behind(store, workspace)]


def _counts(store: Store) -> dict[str, Any]:
    from sqlalchemy import func, select

    from fenlei.store.tables import Change, DatasetVersion, ModelVersion, Picture, Publication, Run

    with store.reading() as work:
        tables = (Picture, Change, DatasetVersion, Run, ModelVersion, Publication)
        return {
            str(table.__tablename__).replace("_", " "): work.session.scalar(select(func.count()).select_from(table))
            or 0
            for table in tables
        }

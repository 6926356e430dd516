"""`python -m tests.torture`: the full form, which prints its figures."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from fenlei.store import Store, StoreAddress
from tests.support.stores import KINDS, environment
from tests.torture.torment import Outcome, torment

MOST_SHOWN = 40


def main() -> int:
    """Returns the exit status: 0 when nothing was violated."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="how many")
    parser.add_argument("--seed", type=int, default=0, help="of what is done and what is killed")
    parser.add_argument("--seconds", type=float, default=3600.0, help="after which no more is killed")
    parser.add_argument("--store", choices=KINDS, default=KINDS[0], help="where the platform keeps everything")
    parser.add_argument("--people", type=int, default=2, help="who work side by side")
    parser.add_argument("--log", type=Path, help="where to leave the platform's log")
    words = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(143))  # takes the platform along
    with tempfile.TemporaryDirectory(prefix="fenlei-torture-") as folder:
        outcome = _on(words, Path(folder))
    print(outcome.table())
    for violation in outcome.violations[:MOST_SHOWN]:
        print("VIOLATION", violation)
    if words.log is not None:
        words.log.write_text(outcome.log)
    return 1 if outcome.violations else 0


def _on(words: argparse.Namespace, folder: Path) -> Outcome:
    wishes = {"kills": words.kills, "seed": words.seed, "seconds": words.seconds, "people": words.people}
    if words.store == KINDS[0]:
        return torment(folder, **wishes)
    from tests.support.postgres import Postgres
    from tests.support.s3 import S3

    with ExitStack() as stack:
        postgres, s3 = stack.enter_context(Postgres()), stack.enter_context(S3())
        address = StoreAddress(postgres.url(postgres.create()), s3.place(), s3.access)
        store = Store.at(address)
        try:
            extra = environment(store)
        finally:
            store.close()
        return torment(folder, address=address, extra=extra, **wishes)


if __name__ == "__main__":
    sys.exit(main())

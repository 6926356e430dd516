"""What the machine could do if HTTP were free: parse, decode, resize and infer in one process, one thread per core."""

from __future__ import annotations

import itertools
import sys
import threading
import time
from pathlib import Path
from typing import Any

from bench.serving.peer import obey, tell
from bench.serving.pictures import request_sets
from fenlei.app.allocator import calm_allocator
from fenlei.imaging import check
from fenlei.inference import usable_cores
from fenlei.serving.host import ModelHost
from fenlei.serving.picture import picture_of


def main() -> None:
    """Arguments: the model file, the cache folder."""
    calm_allocator()
    threads = usable_cores()
    host = ModelHost(cache=Path(sys.argv[2]), streams=threads)
    predictor = host.load(Path(sys.argv[1])).predictor
    sets = request_sets()

    def work(name: str, seconds: float) -> dict[str, Any]:
        bodies = itertools.cycle(sets[name])
        lock = threading.Lock()
        counts = [0] * threads
        until = time.perf_counter() + seconds

        def run(number: int) -> None:
            while time.perf_counter() < until:
                with lock:
                    body = next(bodies)
                data = picture_of(body)
                predictor.scores(predictor.prepare(data, check(data)))
                counts[number] += 1

        began, cpu = time.perf_counter(), time.process_time()
        crew = [threading.Thread(target=run, args=(number,)) for number in range(threads)]
        for thread in crew:
            thread.start()
        for thread in crew:
            thread.join()
        wall = time.perf_counter() - began
        return {"rate": sum(counts) / wall, "cpu_ms": (time.process_time() - cpu) * 1000 / sum(counts)}

    tell(threads=threads)
    obey(work)
    host.close()


if __name__ == "__main__":
    main()

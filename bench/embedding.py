"""How near `embed` comes to what the cores can do: pictures a second against decode and inference measured alone.

    python -m bench.embedding [--backbone efficientnet-lite0] [--pictures 300] [--cache FOLDER]

Prints, per kind of picture and engine: milliseconds of decode and of inference on one thread, the pictures a second
that the cores would reach if nothing were lost (cores / (decode + inference)), what `embed` reached, and the ratio of
the two. Beside it the same in processor time, which a busy machine does not disturb: milliseconds of all threads per
picture, and the part of them that decode and inference need when alone. Measured in turns, the best turn counts.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.support.drawing import jpeg

from fenlei.backbones import open_backbone
from fenlei.imaging import InputSpec, prepare
from fenlei.inference import Engine, embed, open_engine, usable_cores

TURNS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backbone", default="efficientnet-lite0")
    parser.add_argument("--pictures", type=int, default=300)
    parser.add_argument("--cache", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        backbone = open_backbone(options.backbone, cache=options.cache or Path(folder))
        size = (backbone.size, backbone.size)
        spec = InputSpec(height=backbone.size, width=backbone.size)
        cores = usable_cores()
        print(f"{backbone.title} at {backbone.size} pixels, {options.pictures} pictures, {cores} cores")
        print("   picture       engine  decode ms  infer ms  ceiling/s  embed/s  ratio  CPU ms  CPU ratio")
        for width, height in ((640, 427), (1280, 960), (100, 100)):
            pool = [jpeg(width, height, seed=seed, quality=88) for seed in range(12)]
            for kind in ("openvino", "onnxruntime"):
                alone = open_engine(backbone.network, size=size, kind=kind, streams=1)
                together = open_engine(backbone.network, size=size, kind=kind)
                turns = [_turn(pool, spec, alone, together, options.pictures) for _ in range(TURNS)]
                decode, infer, embedded = (min(turn[part] for turn in turns) for part in range(3))
                decode_cpu, infer_cpu, embedded_cpu = (min(turn[part] for turn in turns) for part in range(3, 6))
                ceiling = cores / (decode + infer)
                print(
                    f"{f'{width}x{height}':>10} {kind:>12} {decode * 1e3:10.2f} {infer * 1e3:9.2f} {ceiling:10.0f} "
                    f"{1 / embedded:8.0f} {1 / embedded / ceiling:6.2f} {embedded_cpu * 1e3:7.2f} "
                    f"{(decode_cpu + infer_cpu) / embedded_cpu:10.2f}"
                )
                alone.close()
                together.close()


def _turn(pool: list[bytes], spec: InputSpec, alone: Engine, together: Engine, count: int) -> list[float]:
    """Seconds per picture of decode, of inference and of `embed`, by the clock; then the same by the processor."""
    arrays = [prepare(data, spec) for data in pool]
    sources = [_source(pool[number % len(pool)]) for number in range(count)]

    def decode() -> int:
        return len([prepare(data, spec) for data in pool])

    def infer() -> int:
        return len([alone.infer(array[None]) for array in arrays * 3])

    def embedded() -> int:
        return sum(1 for _ in embed(sources, lambda data: prepare(data, spec), together))

    timed = [_timed(work) for work in (decode, infer, embedded)]
    return [clock for clock, _ in timed] + [processor for _, processor in timed]


def _timed(work: Callable[[], int]) -> tuple[float, float]:
    clock, processor = time.perf_counter(), time.process_time()
    count = work()
    return (time.perf_counter() - clock) / count, (time.process_time() - processor) / count


def _source(data: bytes) -> Callable[[], bytes]:
    return lambda: data


if __name__ == "__main__":
    main()

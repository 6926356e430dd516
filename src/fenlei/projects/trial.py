"""Try a stranger's model in a process of its own: what crashes there, or never ends, takes nobody with it.

Engines are native code and read whatever is in the file. `try_model_file` and `try_onnx` start a fresh interpreter for
each attempt, limit its time and its memory, and bring back either what was found or the sentence that says what is
wrong.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from fenlei.contract.errors import FenleiError
from fenlei.projects.foreign.accept import Sample
from fenlei.projects.foreign.declaration import Declaration
from fenlei.serving.errors import ModelNotServable

SECONDS = 120.0
"""How long an attempt may take. A network of 100 MB is read and run on twenty pictures in under ten."""


MEMORY = 4 * 1024**3
"""Bytes that an attempt may use, besides eight times the file. A usual one takes a tenth of it."""

_AT_A_TIME = threading.Semaphore(2)


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """What the other process is to do.

    Attributes:
        file: the model file or ONNX file.
        name: what to call it in sentences.
        cache: the workspace's cache.
        engine: what runs networks.
        seconds: of processor time on each core, after which the system ends the process.
        declaration: for an ONNX file: what its owner says of it.
        samples: for an ONNX file: (file, label or None).
        target: for an ONNX file: where the model file goes.
    """

    file: str
    name: str
    cache: str
    engine: str
    seconds: float
    declaration: Declaration | None = None
    samples: list[tuple[str, str | None]] = []
    target: str | None = None


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it: a refusal, or nothing to complain about. `answers`: scores of each sample, by label."""

    refusal: str | None = None
    answers: list[dict[str, float]] = []


def try_model_file(path: Path, name: str, *, cache: Path, engine: str, seconds: float = SECONDS) -> None:
    """Load a model file as a server would: digests, network, parity pictures.

    Raises:
        ModelNotServable: it cannot be served here; the sentence says why.
    """
    _carry_out(Task(file=str(path), name=name, cache=str(cache), engine=engine, seconds=seconds))


def try_onnx(
    path: Path,
    said: Declaration,
    name: str,
    samples: Sequence[Sample],
    target: Path,
    *,
    cache: Path,
    engine: str,
    seconds: float = SECONDS,
) -> list[dict[str, float]]:
    """Run a foreign ONNX classifier on pictures, and write a model file made of it.

    Args:
        path: the ONNX file.
        said: what its owner declares.
        name: of the network, for sentences and for the record.
        samples: pictures to try it on.
        target: where the model file goes.
        cache: the workspace's cache.
        engine: what runs networks.
        seconds: how long it may take.

    Returns:
        The scores of every sample, by label.

    Raises:
        ModelNotServable: it is not accepted; the sentence says why.
    """
    with tempfile.TemporaryDirectory(prefix="fenlei-samples-") as folder:
        files: list[tuple[str, str | None]] = []
        for number, sample in enumerate(samples):
            file = Path(folder) / str(number)
            file.write_bytes(sample.data)
            files.append((str(file), sample.label))
        task = Task(
            file=str(path),
            name=name,
            cache=str(cache),
            engine=engine,
            seconds=seconds,
            declaration=said,
            samples=files,
            target=str(target),
        )
        return _carry_out(task).answers


def _carry_out(task: Task) -> Outcome:
    command = [sys.executable, "-P", "-m", "fenlei.projects.trial"]
    try:
        with _AT_A_TIME:
            done = subprocess.run(  # noqa: S603 (our own module)
                command, input=msgspec.json.encode(task), capture_output=True, timeout=task.seconds, check=False
            )
    except subprocess.TimeoutExpired as exc:
        raise ModelNotServable(f"{task.name} was not done after {task.seconds:.0f} seconds of trying it.") from exc
    try:
        outcome = msgspec.json.decode(done.stdout, type=Outcome)
    except msgspec.DecodeError as exc:
        how = f"signal {-done.returncode}" if done.returncode < 0 else f"exit code {done.returncode}"
        raise ModelNotServable(f"{task.name} brought down the process it was tried in ({how}).") from exc
    if outcome.refusal is not None:
        raise ModelNotServable(outcome.refusal)
    return outcome


def _attempt(task: Task) -> Outcome:
    """The other process's side."""
    try:
        return _try_onnx(task, task.declaration) if task.declaration is not None else _try_model_file(task)
    except MemoryError:
        return Outcome(refusal=f"{task.name} needs more memory than a model may take ({_memory(task)} bytes).")
    except FenleiError as exc:
        return Outcome(refusal=str(exc))
    except OSError as exc:
        return Outcome(refusal=f"{task.name} cannot be tried: {exc.strerror or exc}.")


def _try_model_file(task: Task) -> Outcome:
    from fenlei.modelfile import read
    from fenlei.serving.host import ModelHost

    host = ModelHost(cache=Path(task.cache), kind=task.engine)
    try:
        host.adopt(read(Path(task.file)), Path(task.name))
    finally:
        host.close()
    return Outcome()


def _try_onnx(task: Task, said: Declaration) -> Outcome:
    from fenlei.modelfile import write
    from fenlei.projects.foreign.accept import accept

    samples = [Sample(Path(file).read_bytes(), label) for file, label in task.samples]
    accepted = accept(Path(task.file).read_bytes(), said, task.name, samples, engine=task.engine)
    if task.target is not None:
        write(Path(task.target), accepted.model)
    return Outcome(answers=accepted.answers)


def _memory(task: Task) -> int:
    return MEMORY + 8 * Path(task.file).stat().st_size


def _limit(task: Task) -> None:
    """Let the system end this process, should nobody be left to do it, and refuse it memory that others need."""
    try:
        import resource
    except ImportError:  # Windows
        return
    from fenlei.inference import usable_cores

    allowed = int(task.seconds * usable_cores()) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (allowed, allowed))
    resource.setrlimit(resource.RLIMIT_DATA, (_memory(task), _memory(task)))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> Any:
    """Read a task from stdin, carry it out, write the outcome to stdout."""
    task = msgspec.json.decode(sys.stdin.buffer.read(), type=Task)
    _limit(task)
    sys.stdout.buffer.write(msgspec.json.encode(_attempt(task)))


if __name__ == "__main__":
    main()

"""What nodes of a run have left behind: to look at, and as files."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import msgspec

from fenlei.datasets.version_content import read_manifest
from fenlei.pipelines.context import Answering, HeldDataset, NodeContext
from fenlei.pipelines.errors import PipelineError
from fenlei.pipelines.preview import Preview, preview
from fenlei.pipelines.reference import AnyReference, Features, Images, Model, Report, Split
from fenlei.projects.graph_runs import graph_run
from fenlei.store import Conflict, NotFound, Store


class NodeFile(NamedTuple):
    """A file that a node has left behind.

    Attributes:
        sha256: of the blob.
        name: what it may be called on disk.
    """

    sha256: str
    name: str


def preview_of_output(store: Store, run_id: str, node: str, port: str, *, cache: Path, engine: str = "auto") -> Preview:
    """What there is to see of an output; see `pipelines.preview`.

    Args:
        store: where it is.
        run_id: of a run of a graph.
        node: id of a node.
        port: name of an output.
        cache: the workspace's cache.
        engine: what runs networks; none is run.

    Raises:
        NotFound: there is no such run, node or output.
        Conflict: the run is none of a graph, or the node has left nothing behind yet.
        FenleiError: what the output names is gone or damaged.
    """
    reference = _output(store, run_id, node, port)
    return preview(NodeContext(blobs=store.blobs, cache=cache, reach=_Nothing(), engine=engine), reference)


def file_of_output(store: Store, run_id: str, node: str, port: str) -> NodeFile:
    """The file that an output is: a model file, a report as JSON or an export's zip, the list of pictures.

    Raises:
        NotFound: there is no such run, node or output, or the output is no file.
        Conflict: the run is none of a graph, or the node has left nothing behind yet.
    """
    match _output(store, run_id, node, port):
        case Model(digest=digest):
            return NodeFile(digest, f"{node}.fenlei")
        case Report(digest=digest, about="export"):
            return NodeFile(digest, f"{node}.zip")
        case Report(digest=digest):
            return NodeFile(digest, f"{node}-{port}.json")
        case Images(digest=digest) | Split(digest=digest):
            return NodeFile(digest, f"{node}.jsonl")
        case other:
            raise NotFound(f"The output {port!r} of the node {node!r} is no file; it is {other.kind} only.")


def check_has_picture(store: Store, run_id: str, node: str, port: str, sha256: str) -> None:
    """Refuse pictures that an output has not.

    Raises:
        NotFound: there is no such run, node or output, or it has no such picture.
        Conflict: the run is none of a graph, or the node has left nothing behind yet.
        FenleiError: the list of its pictures is gone or damaged.
    """
    reference = _output(store, run_id, node, port)
    pictures = reference.split if isinstance(reference, Features) else reference
    known = isinstance(pictures, Images | Split) and any(
        entry.sha256 == sha256 for entry in read_manifest(store.blobs.get(pictures.digest)).entries
    )
    if not known:
        raise NotFound(f"The output {port!r} of the node {node!r} has no picture {sha256}.")


def _output(store: Store, run_id: str, node: str, port: str) -> AnyReference:
    with store.reading() as work:
        graph_run(work, run_id)
        row = work.nodes.get(run_id, node)
    if not row.outputs:
        why = f": {row.why}" if row.why else "."
        raise Conflict(f"The node {node!r} is {row.state} and has left nothing behind{why}")
    if port not in row.outputs:
        there = ", ".join(row.outputs)
        raise NotFound(f"The node {node!r} has no output {port!r}; it has: {there}.")
    return msgspec.convert(row.outputs[port], AnyReference)  # type: ignore[no-any-return]


class _Nothing:
    """What a preview may ask of a platform; see `pipelines.context.Reach`."""

    def dataset(self, name: str, version: int | None) -> HeldDataset:
        raise PipelineError(f"Nobody brings the data set {name!r} to look at what is there.")

    def publish(self, model: Model, name: str, *, open_to_all: bool) -> Answering:
        raise PipelineError(f"Nobody publishes {name!r} to look at what is there.")

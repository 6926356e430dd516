"""Explain what a model version says of a picture."""

from __future__ import annotations

import tempfile
from pathlib import Path

from fenlei.modelfile import read
from fenlei.projects.model_versions import file_name, read_model_version
from fenlei.serving.explain import Explanation, explain
from fenlei.serving.host import ModelHost
from fenlei.store import Store


def explain_version(
    store: Store, version_id: str, picture: bytes, label: str | None = None, *, cache: Path, engine: str = "auto"
) -> Explanation:
    """What a model version calls a picture, and which parts of it speak for a class.

    The model is loaded for this one question and let go of again; deployments are not touched.

    Args:
        store: where the version is.
        version_id: which.
        picture: a picture file of any kind that training takes.
        label: the class to explain; None takes what the picture is called.
        cache: the workspace's cache.
        engine: what runs the model.

    Raises:
        NotFound: there is no such version.
        NoSuchClass: the model knows no such class.
        Unreadable: the picture cannot be used.
        ModelNotServable: the model does not run here as it should.
    """
    version, model = read_model_version(store, version_id)
    with tempfile.TemporaryDirectory(prefix="fenlei-") as folder:
        path = Path(folder) / file_name(model, version)
        store.blobs.save_to(version.sha256, path)
        file = read(path)
    host = ModelHost(cache=cache, kind=engine)
    try:
        return explain(host.adopt(file, Path(file_name(model, version))).predictor, picture, label)
    finally:
        host.close()

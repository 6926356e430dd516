"""Backbones in Hugging Face layout: config.json, model.safetensors, preprocessor_config.json in one folder."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from fenlei.backbones.digests import folder_digest
from fenlei.backbones.errors import BackboneError
from fenlei.backbones.export import network_of
from fenlei.backbones.needs import need, version
from fenlei.backbones.preprocessing import LARGEST, SMALLEST, published
from fenlei.backbones.source import Loaded, Network, Report

FILES = (
    "config.json",
    "preprocessor_config.json",
    "processor_config.json",
    "*.safetensors",
    "*.safetensors.index.json",
)
"""All that is read from such a folder or fetched from a hub. Pickled weights and code are never loaded."""

WEIGHTS = ("model.safetensors", "model.safetensors.index.json")


class FolderSource:
    """A local folder in Hugging Face layout."""

    online = False

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.id = f"file:{folder.name}"
        self.title = folder.name

    def default_size(self) -> None:
        """The folder says it; `make` reads it."""

    def check_size(self, size: int) -> None:
        """Any plausible size may be asked for; the network decides when it is exported."""
        check_plausible(size, self.id)

    def origin(self) -> dict[str, str] | None:
        """The content of the files that are read."""
        return {"kind": "folder", "sha256": folder_digest(self.folder, FILES)}

    def make(self, size: int | None, report: Report) -> Network:
        """Export through transformers."""
        return export_folder(self.folder, size, self.title, None, report)

    def load(self, size: int | None, report: Report) -> Loaded:
        """Through transformers."""
        return load_folder(self.folder, size, self.title, None, report)


def check_plausible(size: int, name: str) -> None:
    """Refuse sizes that no network is made for.

    Raises:
        BackboneError: the size is outside.
    """
    if not SMALLEST <= size <= LARGEST:
        raise BackboneError(f"{name} was asked for at {size} pixels; from {SMALLEST} to {LARGEST} are allowed.")


def export_folder(folder: Path, size: int | None, name: str, licence: str | None, report: Report) -> Network:
    """Export a transformers model.

    Features are the model's pooled output where it has one that was trained (ViT, DINOv2, ConvNeXt, ResNet, SigLIP's
    vision tower…); otherwise the class token where the model has one, otherwise the mean over tokens or positions.

    Args:
        folder: in Hugging Face layout.
        size: side in pixels; None takes what the folder says.
        name: for people.
        licence: as the hub states it; None when nobody does.
        report: told what is going on.

    Raises:
        BackboneError: it is not a vision model that transformers can load from safetensors, or its export fails.
    """
    loaded = load_folder(folder, size, name, licence, report)
    report(f"exporting {name} at {loaded.size} pixels", 0, 0)
    return network_of(loaded, name)


def load_folder(folder: Path, size: int | None, name: str, licence: str | None, report: Report) -> Loaded:
    """Load a transformers model as one module from pictures to features. Arguments and errors as `export_folder`."""
    said = published(folder)
    torch = need("torch", f"export {name}")
    transformers = need("transformers", f"export {name}")
    report(f"loading {name}", 0, 0)
    model, fresh = _load(transformers, folder, name)
    config = model.config
    if getattr(config, "num_channels", 3) != 3:
        raise BackboneError(f"{name} takes pictures of {config.num_channels} channels; three (RGB) are needed.")
    native = getattr(config, "image_size", None)
    side = size or said.size or (native if isinstance(native, int) else 224)
    return Loaded(
        module=_features(torch, model, pooled="pooler" not in fresh, side=side),
        normalisation=said.normalisation,
        size=side,
        licence=licence or "not stated",
        made_with={
            "torch": str(torch.__version__),
            "transformers": version("transformers") or "",
            "architecture": type(model).__name__,
            "normalisation": said.whence,
        },
    )


def _load(transformers: Any, folder: Path, name: str) -> tuple[Any, str]:
    """The vision model, and the names of parameters that the file did not hold, in one string."""
    kind = _model_type(folder, name)
    if not any((folder / file).is_file() for file in WEIGHTS):
        raise BackboneError(
            f"{name} has no {WEIGHTS[0]}. Weights in other formats (pytorch_model.bin) are pickles, which can run "
            "any code when opened, and are not loaded; look for a copy or a revision with safetensors."
        )
    with _quiet(transformers):
        try:
            model, info = transformers.AutoModel.from_pretrained(
                folder,
                local_files_only=True,
                trust_remote_code=False,
                use_safetensors=True,
                output_loading_info=True,
                attn_implementation="eager",
            )
        except Exception as exc:
            raise BackboneError(f"{name} ({kind}) cannot be loaded by transformers: {_first_line(exc)}") from exc
    missing = [key for key in info["missing_keys"] if "mask_token" not in key]
    if hasattr(model, "vision_model"):
        model, missing = model.vision_model, [key for key in missing if key.startswith("vision_model.")]
    lacking = sorted(key for key in missing if "pooler" not in key)
    if lacking or info.get("mismatched_keys"):
        wrong = lacking[0] if lacking else str(next(iter(info["mismatched_keys"])))
        raise BackboneError(f"The weights of {name} are not complete: {wrong} is missing or has another shape.")
    if getattr(model, "main_input_name", "pixel_values") != "pixel_values":
        raise BackboneError(f"{name} is a {kind} model, which does not take pictures.")
    return model.float().eval(), " ".join(missing)


def _model_type(folder: Path, name: str) -> str:
    try:
        config = msgspec.json.decode((folder / "config.json").read_bytes())
    except (OSError, msgspec.DecodeError) as exc:
        raise BackboneError(f"{name} has no readable config.json: {exc}") from exc
    kind = config.get("model_type") if isinstance(config, dict) else None
    if isinstance(kind, str):
        return kind
    if isinstance(config, dict) and "architecture" in config:
        raise BackboneError(
            f"{name} is published for timm ({config['architecture']}), not for transformers. "
            "Use a transformers edition of it, or export it to ONNX and give that file."
        )
    raise BackboneError(f"config.json of {name} does not name a `model_type`, so transformers cannot load it.")


def _features(torch: Any, model: Any, *, pooled: bool, side: int) -> Any:
    """A torch module: normalised (n, 3, side, side) -> (n, d)."""
    options: dict[str, Any] = {}
    resizable = "interpolate_pos_encoding" in inspect.signature(model.forward).parameters
    if resizable and getattr(model.config, "image_size", side) != side:
        options["interpolate_pos_encoding"] = True
    has_class_token = any(
        name.rsplit(".", 1)[-1] in {"cls_token", "class_embedding", "class_token"}
        for name, _ in model.named_parameters()
    )

    for part in model.modules():
        if hasattr(part, "interpolate_pos_encoding"):
            part.interpolate_pos_encoding = _remembered(part.interpolate_pos_encoding)

    class Features(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, picture: Any) -> Any:
            out = self.model(pixel_values=picture, **options)
            vector = getattr(out, "pooler_output", None)
            if vector is not None and pooled:
                return vector.flatten(1)
            tokens = out.last_hidden_state
            if tokens.ndim == 4:
                return tokens.mean((2, 3))
            return tokens[:, 0] if has_class_token else tokens.mean(1)

    return Features().eval()


def _remembered(interpolate: Callable[..., Any]) -> Callable[..., Any]:
    """Stretch the position embeddings once: the size is fixed, so the exported network may hold the result.

    Otherwise every picture would pay for it, and some models stretch by an operation that ONNX does not have.
    """
    results: list[Any] = []

    def once(*args: Any, **kwargs: Any) -> Any:
        if not results:
            results.append(interpolate(*args, **kwargs).detach().clone())
        return results[0]

    return once


@contextmanager
def _quiet(transformers: Any) -> Iterator[None]:
    """No bars and no advice on stderr while a model loads; what matters is raised."""
    logging = transformers.utils.logging
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity(logging.CRITICAL)
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


def _first_line(exc: BaseException) -> str:
    return next((line.strip() for line in str(exc).splitlines() if line.strip()), type(exc).__name__)

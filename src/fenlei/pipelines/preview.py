"""What a console draws of a node's output: small whatever is behind it, and made without reading a picture."""

from __future__ import annotations

import msgspec

from fenlei.pipelines.context import NodeContext
from fenlei.pipelines.preview_features import FeaturesPreview, of_features
from fenlei.pipelines.preview_model import ModelPreview, of_model
from fenlei.pipelines.preview_pictures import PicturesPreview, of_pictures
from fenlei.pipelines.preview_report import EvaluationPreview, ReportPreview, of_report
from fenlei.pipelines.reference import AnyReference, Deployment, Features, Images, Model, Report, Split


class DeploymentPreview(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="deployment"):
    """Where a model answers.

    Attributes:
        name: of the deployment.
        url: without a key.
        model: SHA-256, hex, of its file.
    """

    name: str
    url: str
    model: str


Preview = PicturesPreview | FeaturesPreview | ModelPreview | EvaluationPreview | ReportPreview | DeploymentPreview


def preview(ctx: NodeContext, reference: AnyReference) -> Preview:
    """What there is to see behind a reference: as JSON below 200 kB, however much is behind it.

    Args:
        ctx: blobs, cache and engine; nothing else of it is asked.
        reference: any.

    Raises:
        FenleiError: what it names is not there any more, or damaged.
    """
    match reference:
        case Images() | Split():
            return of_pictures(ctx, reference)
        case Features():
            return of_features(ctx, reference)
        case Model():
            return of_model(ctx, reference)
        case Report():
            return of_report(ctx, reference)
        case Deployment():
            return DeploymentPreview(name=reference.name, url=reference.url, model=reference.digest)

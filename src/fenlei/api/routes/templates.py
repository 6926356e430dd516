"""Routes of templates: graphs to begin with."""

from __future__ import annotations

from fastapi import APIRouter, Response

from fenlei.api.access import Editor, Here, Viewer
from fenlei.api.errors import documented
from fenlei.api.etag import tag
from fenlei.api.repeats import CreatingRoute
from fenlei.api.wire.graphs import DrawnGraph
from fenlei.api.wire.node_types import WordsOut
from fenlei.api.wire.projects import ProjectOut
from fenlei.api.wire.templates import ProjectOfTemplate, TemplateName, TemplateOut
from fenlei.pipelines.templates.shelf import TEMPLATES
from fenlei.projects.audit import note
from fenlei.projects.graph_templates import create_from_template
from fenlei.store import NotFound

router = APIRouter(tags=["graphs"], route_class=CreatingRoute)


@router.get("/templates", responses=documented(401, 403))
def templates(who: Viewer) -> list[TemplateOut]:
    """The templates that there are, in the order in which they are offered."""
    return [
        TemplateOut(
            name=each.name,
            title=WordsOut.model_validate(each.title),
            help=WordsOut.model_validate(each.help),
            graph=DrawnGraph.model_validate(each.graph()),
        )
        for each in TEMPLATES.values()
    ]


@router.post("/templates/{template}/projects", status_code=201, responses=documented(401, 403, 404, 409))
def new_project_of_template(
    template: TemplateName, body: ProjectOfTemplate, who: Editor, here: Here, response: Response
) -> ProjectOut:
    """Make a canvas project whose graph is a template that reads a data set."""
    if template not in TEMPLATES:
        raise NotFound(f"There is no template {template!r}; there are {', '.join(TEMPLATES)}.")
    row = create_from_template(
        here.store,
        body.name,
        template,
        body.dataset_id,
        who.user_id,
        version=body.version,
        publish=body.publish,
        language=body.language,
    )
    note(here.store, who, "project.add", row.id, name=row.name, template=template)
    tag(response, row.revision)
    return ProjectOut.model_validate(row)

"""Canvas projects that begin with a template, on a data set of the platform."""

from __future__ import annotations

from typing import Any, Literal

from fenlei.pipelines.graph import Node
from fenlei.pipelines.templates.shelf import template
from fenlei.projects.graph_data import dataset_named
from fenlei.projects.graphs import add_canvas
from fenlei.projects.naming import checked_name
from fenlei.store import Store
from fenlei.store.tables import Project


def create_from_template(
    store: Store,
    name: str,
    template_name: str,
    dataset: str,
    by: str | None = None,
    *,
    version: int | None = None,
    publish: str | None = "",
    language: Literal["en", "zh"] = "en",
) -> Project:
    """Make a canvas project whose graph is a template that reads a data set.

    Args:
        store: where.
        name: of the project; no other project has it.
        template_name: which template.
        dataset: name or id of the data set.
        by: id of the user who makes it.
        version: number of one of its versions; None: as it is whenever the graph runs.
        publish: under which name its model is published; "": the template's own; None: it is not.
        language: of the graph's name and note.

    Raises:
        PipelineError: there is no such template.
        NotFound: there is no such data set or version.
        BadValue: the project cannot be called that.
        Conflict: the name is taken.
    """
    chosen = template(template_name)
    with store.writing() as work:
        found = dataset_named(work, dataset)
        params: dict[str, Any] = {"dataset": found.id}
        if version is not None:
            params["version"] = work.versions.numbered(found.id, version).number
        source = Node(id="pictures", type="data.dataset", title=found.name, params=params)
        graph = chosen.graph(source, publish=publish, language=language)
        cleaned = checked_name("project", name)
        return add_canvas(work, cleaned, graph, by, dataset_id=found.id, note=chosen.name)

"""A Fenlei platform from ordinary code."""

from __future__ import annotations

from types import TracebackType
from urllib.parse import parse_qs, urldefrag

from fenlei.client.management.datasets import Datasets
from fenlei.client.management.deployments import Deployments
from fenlei.client.management.graphs import Graphs
from fenlei.client.management.imports import Imports
from fenlei.client.management.labels import Labels
from fenlei.client.management.link import Link
from fenlei.client.management.models import Models
from fenlei.client.management.people import People, Tokens
from fenlei.client.management.people_records import User
from fenlei.client.management.pictures import Pictures
from fenlei.client.management.projects import Projects
from fenlei.client.management.runs import Runs
from fenlei.client.management.versions import Versions
from fenlei.client.target import BadTarget


class Platform:
    """What `fenlei up` runs, over HTTP. Safe to use from many threads.

    Attributes:
        datasets: made, filled, checked, split.
        imports: pictures on their way into data sets.
        pictures: of data sets.
        labels: the classes of data sets.
        versions: data sets as they were.
        projects: what is trained on them.
        graphs: what canvas projects do, node by node.
        runs: what is going on.
        models: what came of it.
        deployments: names under which models answer.
        people: who may do what, and who did what.
        tokens: one's own.

    Args:
        url: of the server, such as http://127.0.0.1:8000.
        token: an API token, made by `tokens.make` or on the console.
        timeout: seconds for one call; uploads are sent in pieces of a call each.

    Raises:
        BadTarget: the URL or the token cannot be.
    """

    def __init__(self, url: str, token: str | None = None, *, timeout: float = 60.0) -> None:
        self._link = Link(url, token, timeout)
        self.runs = Runs(self._link)
        self.imports = Imports(self._link, self.runs)
        self.pictures = Pictures(self._link)
        self.labels = Labels(self._link)
        self.versions = Versions(self._link)
        self.datasets = Datasets(self._link, self.runs, self.imports)
        self.projects = Projects(self._link)
        self.graphs = Graphs(self._link)
        self.models = Models(self._link)
        self.deployments = Deployments(self._link)
        self.people = People(self._link)
        self.tokens = Tokens(self._link)

    @classmethod
    def by_link(cls, link: str, *, timeout: float = 60.0) -> Platform:
        """Sign in by a sign-in link, as `fenlei up` prints it; it works once.

        Raises:
            BadTarget: it is no sign-in link.
            NotSignedIn: it was used already, or is too old.
        """
        address, fragment = urldefrag(link.strip())
        secret = parse_qs(fragment).get("link", [""])[0]
        if not secret or not address.endswith("/sign-in"):
            raise BadTarget("This is no sign-in link; copy it whole, from http to its last character.")
        return cls(address.removesuffix("/sign-in"), timeout=timeout)._entered({"link": secret})

    @classmethod
    def by_password(cls, url: str, name: str, password: str, *, timeout: float = 60.0) -> Platform:
        """Sign in by name and password.

        Raises:
            NotSignedIn: it is not them.
            TryLater: too many attempts failed.
        """
        return cls(url, timeout=timeout)._entered({"name": name, "password": password})

    @property
    def url(self) -> str:
        """Where it is."""
        return self._link.base

    def close(self) -> None:
        """Close the connections."""
        self._link.close()

    def _entered(self, credentials: dict[str, str]) -> Platform:
        """This one, signed in; closed when it is not let in."""
        try:
            self._link.post("/sign-in", User, credentials)  # the connection keeps the cookie
        except BaseException:
            self.close()
            raise
        return self

    def __enter__(self) -> Platform:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Platform({self.url!r})"

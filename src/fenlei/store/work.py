"""One transaction, and what can be asked and done in it, by corner of the house."""

from __future__ import annotations

from functools import cached_property

from sqlalchemy.orm import Session

from fenlei.store.audit import Audit, Remembered, Repeats
from fenlei.store.browse import Browse
from fenlei.store.changes import Changes
from fenlei.store.datasets import Datasets
from fenlei.store.deployments import Deployments
from fenlei.store.events import Events
from fenlei.store.findings import Findings
from fenlei.store.graphs import Graphs, Nodes, Results
from fenlei.store.imports import Imports
from fenlei.store.jobs import Jobs
from fenlei.store.keys import Keys
from fenlei.store.labels import Labels
from fenlei.store.looks import Looks
from fenlei.store.models import Models
from fenlei.store.moves import Moves
from fenlei.store.pictures import Pictures
from fenlei.store.projects import Projects
from fenlei.store.runs import Runs
from fenlei.store.steps import Steps
from fenlei.store.users import SignIns, Tokens, Users
from fenlei.store.versions import Versions
from fenlei.store.workers import Workers


class Work:
    """A transaction. Rows that come out of it stay readable afterwards; nothing is assigned to them outside.

    Attributes:
        session: for the query classes of this room; no other room touches it.
    """

    def __init__(self, session: Session) -> None:
        self.session = session

    @cached_property
    def users(self) -> Users:
        """People."""
        return Users(self.session)

    @cached_property
    def sign_ins(self) -> SignIns:
        """Browsers that are signed in."""
        return SignIns(self.session)

    @cached_property
    def tokens(self) -> Tokens:
        """What machines sign in with."""
        return Tokens(self.session)

    @cached_property
    def audit(self) -> Audit:
        """The list of changes."""
        return Audit(self.session)

    @cached_property
    def repeats(self) -> Repeats:
        """Answers kept for callers who ask twice."""
        return Repeats(self.session)

    @cached_property
    def settings(self) -> Remembered:
        """What the installation remembers about itself."""
        return Remembered(self.session)

    @cached_property
    def deployments(self) -> Deployments:
        """What can be called."""
        return Deployments(self.session)

    @cached_property
    def keys(self) -> Keys:
        """What opens it."""
        return Keys(self.session)

    @cached_property
    def datasets(self) -> Datasets:
        """Data sets."""
        return Datasets(self.session)

    @cached_property
    def pictures(self) -> Pictures:
        """Pictures of data sets."""
        return Pictures(self.session)

    @cached_property
    def imports(self) -> Imports:
        """Imports, their uploads and what became of each file."""
        return Imports(self.session)

    @cached_property
    def versions(self) -> Versions:
        """Versions of data sets."""
        return Versions(self.session)

    @cached_property
    def projects(self) -> Projects:
        """What people work towards models in."""
        return Projects(self.session)

    @cached_property
    def models(self) -> Models:
        """What came of it, and what was brought along."""
        return Models(self.session)

    @cached_property
    def runs(self) -> Runs:
        """What was asked for."""
        return Runs(self.session)

    @cached_property
    def jobs(self) -> Jobs:
        """The queue that carries runs from worker to worker."""
        return Jobs(self.session)

    @cached_property
    def steps(self) -> Steps:
        """Parts of runs that are done."""
        return Steps(self.session)

    @cached_property
    def events(self) -> Events:
        """What happens in runs."""
        return Events(self.session)

    @cached_property
    def graphs(self) -> Graphs:
        """Graphs of canvas projects."""
        return Graphs(self.session)

    @cached_property
    def nodes(self) -> Nodes:
        """What became of their nodes in runs."""
        return Nodes(self.session)

    @cached_property
    def results(self) -> Results:
        """What nodes left behind, for whoever needs the same."""
        return Results(self.session)

    @cached_property
    def workers(self) -> Workers:
        """Processes that carry out runs."""
        return Workers(self.session)

    @cached_property
    def labels(self) -> Labels:
        """Classes of data sets."""
        return Labels(self.session)

    @cached_property
    def browse(self) -> Browse:
        """Pictures of data sets by page, and how many there are."""
        return Browse(self.session)

    @cached_property
    def changes(self) -> Changes:
        """The history of data sets."""
        return Changes(self.session)

    @cached_property
    def findings(self) -> Findings:
        """What checks have to say about data sets."""
        return Findings(self.session)

    @cached_property
    def looks(self) -> Looks:
        """What decoding files has shown."""
        return Looks(self.session)

    @cached_property
    def moves(self) -> Moves:
        """Pictures that go from one data set to another."""
        return Moves(self.session)

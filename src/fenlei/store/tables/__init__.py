"""The tables, one file per corner of the house."""

from fenlei.store.tables.base import Base
from fenlei.store.tables.datasets import (
    Change,
    ChangedPicture,
    CheckRun,
    Dataset,
    DatasetVersion,
    Finding,
    Import,
    ImportEntry,
    Label,
    Look,
    Picture,
    Tally,
    Upload,
)
from fenlei.store.tables.graphs import GraphRevision, NodeResult, NodeRow
from fenlei.store.tables.projects import AppKey, Deployment, Model, ModelVersion, Project, Publication
from fenlei.store.tables.runs import Event, Job, Run, Step, Worker
from fenlei.store.tables.users import ApiToken, AuditEntry, Failure, Repeat, Setting, SignIn, SignInLink, User

__all__ = [
    "ApiToken",
    "AppKey",
    "AuditEntry",
    "Base",
    "Change",
    "ChangedPicture",
    "CheckRun",
    "Dataset",
    "DatasetVersion",
    "Deployment",
    "Event",
    "Failure",
    "Finding",
    "GraphRevision",
    "Import",
    "ImportEntry",
    "Job",
    "Label",
    "Look",
    "Model",
    "ModelVersion",
    "NodeResult",
    "NodeRow",
    "Picture",
    "Project",
    "Publication",
    "Repeat",
    "Run",
    "Setting",
    "SignIn",
    "SignInLink",
    "Step",
    "Tally",
    "Upload",
    "User",
    "Worker",
]

"""What ends the work on a run before it is done.

BaseException
└── RunStopped         the run shall not go on in this process
    └── LeaseLost      another process may have it: nothing may be written for it any more

They are no errors for a person, and not of the family of `Exception`, so that a recipe which passes over a picture it
cannot use does not pass over these.
"""

from __future__ import annotations


class RunStopped(BaseException):
    """The run shall not go on in this process: it was cancelled, its time is up, or its worker is leaving."""


class LeaseLost(RunStopped):
    """The run's lease is not held any more under the fence that this process was given."""

"""The forensic check of an archive: reads everything, trusts nothing, names every finding."""

from indexers.verify.findings import Finding, Refusal, Verification
from indexers.verify.rules import Replay
from indexers.verify.run import Subject, verify

__all__ = ["Finding", "Refusal", "Replay", "Subject", "Verification", "verify"]

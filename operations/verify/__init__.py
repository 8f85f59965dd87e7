"""The forensic check of an archive: reads everything, trusts nothing, names every finding."""

from operations.verify.findings import Finding, Refusal, Verification
from operations.verify.rules import Replay
from operations.verify.run import Subject, verify

__all__ = ["Finding", "Refusal", "Replay", "Subject", "Verification", "verify"]

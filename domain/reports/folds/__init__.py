"""Every fold that a report was ever issued with, a folder each; `domain.reports.annual` has them by their version."""

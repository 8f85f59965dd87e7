"""The ledger's own database, its public files, and the memory of what was signed."""

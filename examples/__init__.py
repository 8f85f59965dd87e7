"""The demonstration archive: an invented education bureau, seven years of its records, and their filing."""

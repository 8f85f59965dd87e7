"""One module a page of `docs/reference/`: each makes its page from the code that the page describes."""

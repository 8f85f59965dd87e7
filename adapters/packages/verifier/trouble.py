"""What the verifier raises: it is no package, or something in it does not hold."""

from __future__ import annotations


class NoPackage(Exception):
    """It cannot be read as a package: wrong input, not a finding."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh, self.en = zh, en


class Wrong(Exception):
    """Something in it does not hold."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh, self.en = zh, en

"""Organisations, people and accounts, as `domain.streams` has them: three kinds of stream, and one directory."""

from __future__ import annotations

from domain.organisations.events import (
    DIRECTORY_PREFIX,
    AccountClosed,
    AccountOpened,
    DirectoryEvent,
    OrganisationAdded,
    OrganisationRenamed,
    PersonAdded,
    PostLeft,
    PostTaken,
    RoleGranted,
    RoleRevoked,
)
from domain.subject import Kind, Subject

ORGANISATIONS = Subject(
    name="organisation",
    zh="单位",
    en="organisations",
    topics=DIRECTORY_PREFIX,
    base=DirectoryEvent,
    ids="derived",
    kinds=(
        Kind(OrganisationAdded, "设立单位", "organisation added", files=False, stream=("code",)),
        Kind(OrganisationRenamed, "单位更名", "organisation renamed", files=False, stream=("code",)),
    ),
)

PEOPLE = Subject(
    name="person",
    zh="人员",
    en="people",
    topics=DIRECTORY_PREFIX,
    base=DirectoryEvent,
    ids="derived",
    kinds=(
        Kind(PersonAdded, "登记人员", "person added", files=False, stream=("code",)),
        Kind(PostTaken, "任职", "post taken", files=False, stream=("person",)),
        Kind(PostLeft, "离任", "post left", files=False, stream=("person",)),
    ),
)

ACCOUNTS = Subject(
    name="account",
    zh="账号",
    en="accounts",
    topics=DIRECTORY_PREFIX,
    base=DirectoryEvent,
    ids="derived",
    kinds=(
        Kind(AccountOpened, "开通账号", "account opened", files=False, stream=("username",)),
        Kind(AccountClosed, "停用账号", "account closed", files=False, stream=("username",)),
        Kind(RoleGranted, "授予角色", "role granted", files=False, stream=("username",)),
        Kind(RoleRevoked, "收回角色", "role revoked", files=False, stream=("username",)),
    ),
)

"""What an S3 server or the way to it reports, as one of our errors: told apart by S3's codes, not by its sentences.

What servers write into their messages may hold keys and internal addresses, so none of it is repeated except the
code. Codes: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html; those with ``XMinio`` are MinIO's.
"""

from __future__ import annotations

import re
import ssl
from typing import Any

from minio.error import InvalidResponseError, MinioException, S3Error, ServerError
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ReadTimeoutError,
    SSLError,
)

from domain.errors import JianzhengError, ServerUnreachable, StorageFailed, StorageFull, Unavailable


class FileStoreUnreachable(ServerUnreachable):
    """No answer from the file server within the time allowed, tries included."""

    code = "file_store_unreachable"
    zh = "连不上文件存储服务器（{reason}）。"
    en = "The file server cannot be reached ({reason})."
    next_zh = "没有留下半截数据，请稍后重试；如果一直这样，请管理员检查文件存储服务器和连接设置。"
    next_en = (
        "Nothing was left half done; try again later. If it goes on, check the file server and the connection settings."
    )


class FileStoreDenied(Unavailable):
    """The server does not accept the key, or does not let it do what is needed."""

    code = "file_store_denied"
    zh = "文件存储服务器拒绝了请求（{reason}）：账号或密钥不对，或者权限不够。"
    en = "The file server refuses the request ({reason}): key or secret are wrong, or their rights do not suffice."
    next_zh = "请管理员核对 JIANZHENG_BLOBS 里的账号和密钥，以及它们在存储桶上的权限。"
    next_en = "Check key and secret in JIANZHENG_BLOBS, and their rights to the bucket."

    def __init__(self, reason: str, **where: Any) -> None:
        super().__init__(reason=reason, **where)


class FileStoreClock(Unavailable):
    """S3 signs requests with the time; a quarter of an hour's difference is the most that servers take."""

    code = "file_store_clock"
    zh = "本机与文件存储服务器的时钟相差太大。"
    en = "The clocks of this machine and of the file server are too far apart."
    next_zh = "请管理员把两边的时钟校准，然后重试。"
    next_en = "Set both clocks right, then try again."


class BucketMissing(Unavailable):
    code = "bucket_missing"
    zh = "文件存储服务器上没有存储桶 {bucket}。"
    en = "There is no bucket {bucket} on the file server."
    next_zh = "请核对 JIANZHENG_BLOBS 里的存储桶名称；新的档案库要先建好存储桶。"
    next_en = "Check the bucket's name in JIANZHENG_BLOBS; for a new archive, make the bucket first."

    def __init__(self, bucket: str, **where: Any) -> None:
        super().__init__(bucket=bucket, **where)


class BucketCannotLock(Unavailable):
    """Locking was asked for, but the bucket was made without object lock."""

    code = "bucket_cannot_lock"
    zh = "存储桶 {bucket} 建立时没有开启对象锁定，无法按 JIANZHENG_BLOBS 的要求锁定文件。"
    en = "The bucket {bucket} was made without object lock, so files cannot be locked as JIANZHENG_BLOBS asks."
    next_zh = "请换一个开启了对象锁定的存储桶；确实不需要锁定的，写明 lock=off。"
    next_en = "Use a bucket that was made with object lock; where no lock is wanted, say lock=off."

    def __init__(self, bucket: str, **where: Any) -> None:
        super().__init__(bucket=bucket, **where)


class ChecksumMismatch(StorageFailed):
    """What arrived at the server is not what was announced: the bytes changed on their way, or before it."""

    code = "file_store_checksum"
    zh = "文件送到存储服务器时内容与指纹不符（{reason}），没有存入。"
    en = "What arrived at the file server does not match its digest ({reason}); it was not stored."
    next_zh = "请重新上传；如果一直这样，请管理员检查本机磁盘和网络。"
    next_en = "Upload it again. If it goes on, check this machine's disk and the network."


ANSWERS = (MinioException, HTTPError, SyntaxError, ValueError)
"""What the client raises: its own, those of the connection, and those of parsing an answer that is no S3 at all
(``ElementTree.ParseError`` is a `SyntaxError`)."""

_FULL = frozenset({"XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "QuotaExceeded", "InsufficientStorage"})
_DENIED = frozenset(
    {"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "AllAccessDisabled", "AccountProblem",
     "ExpiredToken", "InvalidToken", "AuthorizationHeaderMalformed", "UnauthorizedAccess", "MethodNotAllowed"}
)  # fmt: skip
_AGAIN = frozenset(
    {"InternalError", "SlowDown", "SlowDownRead", "SlowDownWrite", "ServiceUnavailable", "RequestTimeout",
     "OperationAborted", "ConditionalRequestConflict", "TooManyRequests", "ServerNotInitialized", "IncompleteBody",
     "XMinioServerNotInitialized", "XMinioReadQuorum", "XMinioWriteQuorum", "XMinioBackendDown"}
)  # fmt: skip
_AGAIN_STATUS = frozenset({408, 429, 500, 502, 503, 504})
_FULL_STATUS = 507
_RESPONSE_CODE = re.compile(r"Response code: (\d{3})\b", re.ASCII)
_MISMATCH = frozenset({"BadDigest", "InvalidDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch"})
_WORD = re.compile(r"[A-Za-z0-9_.-]{1,64}", re.ASCII)


def code_of(error: BaseException) -> str:
    """S3's code, or ``HTTP <status>`` where there is none; empty for a broken connection."""
    if isinstance(error, S3Error):
        return error.code if error.code and _WORD.fullmatch(error.code) else "?"
    status = _status(error)
    return f"HTTP {status}" if status else ""


def worth_another_try(error: BaseException) -> bool:
    """Whether the same request may succeed in a moment: the connection broke, or the server says so."""
    if isinstance(error, S3Error):
        return error.code in _AGAIN or getattr(error.response, "status", 0) in _AGAIN_STATUS
    if isinstance(error, SSLError):
        return not _untrusted(error)
    return _status(error) in {0, *_AGAIN_STATUS}


def fault(error: BaseException, bucket: str) -> JianzhengError:
    """Our name for it, when no further try is made."""
    if isinstance(error, HTTPError):
        return FileStoreUnreachable(_reason(error))
    code = code_of(error)
    if code in _FULL or _status(error) == _FULL_STATUS:
        return StorageFull()
    if code == "RequestTimeTooSkewed":
        return FileStoreClock()
    if code in _DENIED or code in ("HTTP 401", "HTTP 403"):
        return FileStoreDenied(code)
    if code == "NoSuchBucket":
        return BucketMissing(bucket)
    if code == "InvalidRequest" and "ObjectLock" in str(getattr(error, "message", "")).replace(" ", ""):
        return BucketCannotLock(bucket)
    if code in _MISMATCH:
        return ChecksumMismatch(code)
    if not code:
        return FileStoreUnreachable("unintelligible answer")
    return FileStoreUnreachable(code) if worth_another_try(error) else StorageFailed(code)


def _status(error: BaseException) -> int:
    if isinstance(error, ServerError):
        return error.status_code
    if isinstance(error, S3Error):
        return int(getattr(error.response, "status", 0))
    if isinstance(error, InvalidResponseError):  # a proxy's page; its status is told in the sentence only
        match = _RESPONSE_CODE.search(str(error))
        return int(match[1]) if match else 0
    return 0


def _untrusted(error: SSLError) -> bool:
    return any(isinstance(each, ssl.SSLCertVerificationError) for each in (*error.args, error.__cause__))


def _reason(error: HTTPError) -> str:
    if isinstance(error, SSLError):
        return "certificate not trusted" if _untrusted(error) else "TLS failed"
    if isinstance(error, NameResolutionError):
        return "unknown host"
    if isinstance(error, ReadTimeoutError | ConnectTimeoutError) and not isinstance(error, NewConnectionError):
        return "no answer in time"
    return "connection refused" if isinstance(error, NewConnectionError) else "connection broke"

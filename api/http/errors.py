"""Faults of a call over HTTP: what the protocol, not the archive's rules, finds wrong."""

from __future__ import annotations

from typing import Any

from domain.errors import InputError, NotAllowed, NotSignedIn, ProgramFault


class RequestInvalid(InputError):
    """The body or a parameter is not what the interface describes."""

    code = "request_invalid"
    zh = "请求的内容不对：{problem_zh}。"
    en = "The request is wrong: {problem_en}."
    next_zh = "请对照接口说明 /api/docs 改正。"
    next_en = "Compare it with the description at /api/docs."

    def __init__(self, problem_zh: str, problem_en: str, **where: Any) -> None:
        super().__init__(problem_zh=problem_zh, problem_en=problem_en, **where)


class PageNotFound(InputError):
    code = "page_not_found"
    http_status = 404
    zh = "没有这个地址。"
    en = "There is nothing at this address."
    next_zh = "请核对地址。"
    next_en = "Check the address."


class MethodNotAllowed(InputError):
    code = "method_not_allowed"
    http_status = 405
    zh = "这个地址不能这样访问。"
    en = "This address cannot be used with this method."
    next_zh = "请对照接口说明 /api/docs。"
    next_en = "Compare it with the description at /api/docs."


class BodyTooLarge(InputError):
    code = "body_too_large"
    http_status = 413
    zh = "请求内容超过 {limit} 字节。"
    en = "The body of the request is larger than {limit} bytes."
    next_zh = "文件请用 /api/v1/uploads 上传。"
    next_en = "Send files to /api/v1/uploads."


class UploadInterrupted(InputError):
    code = "upload_interrupted"
    http_status = 400
    zh = "文件没有传完（收到 {received} 字节），没有存入任何内容。"
    en = "The file did not arrive whole ({received} bytes came); nothing was stored."
    next_zh = "请重新上传。"
    next_en = "Upload it again."


class UploadStalled(InputError):
    code = "upload_stalled"
    http_status = 408
    zh = "上传停顿太久，没有存入任何内容。"
    en = "The upload stood still for too long; nothing was stored."
    next_zh = "请检查网络后重新上传。"
    next_en = "Check the network and upload it again."


class ChecksumMismatch(InputError):
    code = "checksum_mismatch"
    zh = "收到的文件与所附指纹不符：收到的是 {found}。"
    en = "The file that arrived is not the one whose digest was given: {found} arrived."
    next_zh = "文件在传输中可能损坏，请重新上传。"
    next_en = "It may have been damaged on the way; upload it again."


class UploadMissing(InputError):
    """Also for what somebody else uploaded: to know a digest is not to have the file."""

    code = "upload_missing"
    zh = "您没有上传过文件“{name}”（{sha256}），或者已超过 24 小时。"
    en = "You have not uploaded the file “{name}” ({sha256}), or more than 24 hours ago."
    next_zh = "请先上传它；如果它已在某条您能查阅的记录里，可用 record 指明那条记录。"
    next_en = "Upload it first; if it is in a record that you may read, name that record in `record`."


class RangeNotSatisfiable(InputError):
    code = "range_not_satisfiable"
    http_status = 416
    zh = "要求的范围超出文件大小（{size} 字节）。"
    en = "The range asked for lies outside the file ({size} bytes)."


class WrongPassword(NotSignedIn):
    """Says the same of an unknown account: which accounts exist is nobody's business."""

    code = "wrong_password"
    zh = "用户名或口令不对。"
    en = "The user name or the password is wrong."
    next_zh = "请重新输入；忘记口令请找管理员重设。"
    next_en = "Try again; if the password is forgotten, an administrator can set a new one."


class CsrfFailed(NotAllowed):
    """The request did not come from a page of ours, or from one of a session that has ended."""

    code = "csrf_failed"
    zh = "页面已过期，或请求不是从本站发出的。"
    en = "The page is out of date, or the request did not come from this site."
    next_zh = "请刷新页面后再试。"
    next_en = "Reload the page and try again."

    def __init__(self) -> None:
        super().__init__("页面已过期", "the page is out of date")


class HostNotServed(InputError):
    """A name that somebody pointed at this machine to let a browser speak for them (DNS rebinding)."""

    code = "host_not_served"
    http_status = 421
    zh = "本服务不使用这个主机名。"
    en = "This service does not go by that host name."
    next_zh = "请用管理员公布的地址访问。"
    next_en = "Use the address that the administrator published."


class Unexpected(ProgramFault):
    """Stands for an error of ours that nobody foresaw; ``reference`` finds it in the log."""

    code = "internal_error"
    zh = "程序出了意外的错误（编号 {reference}）。"
    en = "An unexpected error occurred (reference {reference})."
    next_zh = "请把编号告诉管理员，在日志里可以查到原因。"
    next_en = "Tell the administrator the reference; the log has the cause."

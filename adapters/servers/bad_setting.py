"""A setting that cannot be used: raised by whoever reads it, here or in the module of the server that it names."""

from __future__ import annotations

from domain.errors import InputError


class BadSetting(InputError):
    code = "bad_setting"
    zh = "设置 {name} 的值“{value}”不能用：{why_zh}。"
    en = "The setting {name} cannot be “{value}”: {why_en}."

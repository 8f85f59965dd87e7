"""What can be wrong with the copy of an archive, besides what is wrong with a server or a disk."""

from __future__ import annotations

from domain.errors import Conflict, IntegrityFault


class TargetOccupied(Conflict):
    """Neither empty nor a copy of this archive: nothing was written there."""

    code = "migration_target_occupied"
    zh = "{place} 里已经有别的内容（{found}），没有改动它。"
    en = "{place} already holds something else ({found}); it was not touched."
    next_zh = "请换一个空的数据库、存储桶、索引前缀或目录。"
    next_en = "Name an empty database, bucket, index prefix or folder."


class TargetWentOn(Conflict):
    """Something was filed into the copy: nothing can be copied behind that."""

    code = "migration_target_went_on"
    zh = "{place} 里有这个档案库没有的存证：它已经自己用起来了，不能再往里复制。"
    en = "{place} holds evidence that this archive has not: it was used for itself, and no more can be copied into it."
    next_zh = "请核对设置：也许现在该用的就是那一个。要重新复制，请换一个空的地方。"
    next_en = "Check the settings: that one may be the archive to use by now. To copy anew, name an empty place."


class SourceIncomplete(IntegrityFault):
    """A copy of a damaged archive would hide which of both was damaged."""

    code = "migration_source_incomplete"
    zh = "要复制的账本缺了公开文件 {file}，复制停在这里。"
    en = "The ledger to be copied lacks the public file {file}; the copy ended there."


class CopiesDiffer(IntegrityFault):
    """The copy is not what was copied. Nothing but a fault of the program or of a machine can bring that about."""

    code = "migration_copies_differ"
    zh = "复制出来的与原来的不一样（{what}）；副本没有启用，原来的档案库没有受影响。"
    en = "The copy is not what was copied ({what}). It was not put to use, and the archive itself is unharmed."
    next_zh = "请在两边各运行一次 jianzheng verify 查明原因，再换一个空的地方重新复制。"
    next_en = "Run jianzheng verify at both ends, find the cause, and copy anew to an empty place."

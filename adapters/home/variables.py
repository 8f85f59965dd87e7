"""The variables of the environment, for people: what each is for. `adapters.home.settings` reads them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Variable:
    """A variable of the environment, for people: ``docs/reference/settings.md`` is made of these."""

    name: str
    default: str
    example: str
    zh: str
    en: str
    secret: bool = False  # may stand in a file instead, which ``NAME_FILE`` names


VARIABLES = (
    Variable(
        "JIANZHENG_HOME",
        "jianzheng-data",
        "/srv/jianzheng",
        "档案库所在的目录。相对路径从当前目录算起。",
        "The folder of the archive. A relative path begins at the working folder.",
    ),
    Variable(
        "JIANZHENG_DATABASE",
        "",
        "postgresql://jianzheng_app:secret@db.example:5432/jianzheng",
        "事件、账本和账号所在的 PostgreSQL 数据库。不设时用档案库目录里的 SQLite。",
        "The PostgreSQL database of events, ledger and accounts. SQLite in the archive's folder where it is not set.",
        secret=True,
    ),
    Variable(
        "JIANZHENG_BLOBS",
        "",
        "s3://key:secret@files.example:9000/jianzheng?lock=governance&days=30",
        "文件和公开账本所在的 S3 存储桶。不设时存在档案库目录里。参数：secure=no 不用 TLS；"
        "lock=governance、compliance 或 off 是对象锁定的方式；days 是文件刚存入时锁定的天数，"
        "有了记录以后按保管期限延长。",
        "The S3 bucket of files and the public ledger. The archive's folder where it is not set. Options: secure=no "
        "without TLS; lock=governance, compliance or off, the kind of object lock; days, for how many days it holds "
        "at first; as soon as a record names the file, for its retention period.",
        secret=True,
    ),
    Variable(
        "JIANZHENG_SEAL",
        "auto",
        "on",
        "文件是否加密存放，以便日后能真正销毁：auto、on 或 off。auto 只在存储桶设了对象锁定时加密；没有锁定的文件，"
        "删掉就没有了。已经存入的文件保持原样。",
        "Whether files are kept encrypted, so that they can be made unreadable for good: auto, on or off. auto does so "
        "where the bucket locks them: a file that is not locked can simply be deleted. What is kept already stays as "
        "it is.",
    ),
    Variable(
        "JIANZHENG_SEARCH",
        "",
        "https://jianzheng:secret@search.example:9200/jianzheng",
        "检索所用的 Elasticsearch，路径是索引名的前缀。不设时用内置的检索。也可以写 ?api_key=…。",
        "The Elasticsearch that searches; the path is the prefix of its indices. The embedded engine where it is not "
        "set. ?api_key=… may stand in place of a user.",
        secret=True,
    ),
    Variable(
        "JIANZHENG_DATABASE_PASSWORD",
        "",
        "",
        "数据库的口令。写在这里（最好写在文件里），JIANZHENG_DATABASE 的地址里就不用写，特殊字符也不用编码。",
        "The password of the database, for an address in JIANZHENG_DATABASE that has none; nothing in it needs to be "
        "percent-encoded.",
        secret=True,
    ),
    Variable(
        "JIANZHENG_BLOBS_PASSWORD",
        "",
        "",
        "存储桶的密钥，用法同上；地址里只写账号：s3://key@files.example:9000/jianzheng。",
        "The secret of the bucket, likewise; the address names the key alone: s3://key@files.example:9000/jianzheng.",
        secret=True,
    ),
    Variable(
        "JIANZHENG_SEARCH_PASSWORD",
        "",
        "",
        "检索服务器的口令，用法同上；地址里没有用户名时，它就是 API 密钥。",
        "The password of the search server, likewise; where the address names no user it is the API key.",
        secret=True,
    ),
    Variable(
        "JIANZHENG_LANG",
        "",
        "en",
        "命令说哪种语言：zh 或 en。不设时看 LC_ALL、LC_MESSAGES、LANG，都没有写英文就用中文。"
        "网页另按浏览器的语言和各人的选择。",
        "The language of the commands: zh or en. Without it LC_ALL, LC_MESSAGES and LANG are asked; Chinese where none "
        "of them says English. Pages follow the browser and what each person chose.",
    ),
    Variable(
        "JIANZHENG_USER",
        "",
        "clerk-01",
        "命令以哪个账号的身份执行；不设时是第一个管理员。能读写档案库目录的人都可以这样用，不问口令。",
        "The account that commands act as; the first administrator where it is not set. No password is asked: whoever "
        "can read and write the archive's folder may do so.",
    ),
    Variable(
        "JIANZHENG_TIMEZONE",
        "Asia/Shanghai",
        "Asia/Urumqi",
        "没有写时区的时间按它理解，“哪一天”也按它算。",
        "The time zone of times that name none, and of what “a day” is.",
    ),
    Variable(
        "JIANZHENG_LATE_AFTER",
        "10",
        "15",
        "发生后超过这么多个工作日（周一至周五）才存入的，标为补录。",
        "What is filed more than this many working days (Monday to Friday) after it happened is marked late, 补录.",
    ),
    Variable(
        "JIANZHENG_FONTS",
        "",
        "/usr/share/fonts/opentype/noto",
        "PDF 年报另外用的字体目录，可以有几个，用冒号分开（Windows 用分号）。系统装好的中文字体不用写。",
        "Further folders with fonts for reports in PDF, separated by colons (semicolons on Windows). Chinese fonts "
        "that the system has need not be named.",
    ),
    Variable(
        "JIANZHENG_HOSTS",
        "",
        "archive.example.edu.cn",
        "网页服务认的主机名，可以有几个，用空格或逗号分开。IP 地址、不带点的名称和账本名称里的主机名总是认的。",
        "Host names that the server goes by, separated by blanks or commas. Addresses, names without a dot and the "
        "host in the ledger's origin are always served.",
    ),
    Variable(
        "JIANZHENG_POLICY",
        "",
        "/etc/jianzheng/policy",
        "信任策略文件（C2SP tlog-policy）：请哪些见证方签账本的检查点，要几个才够。不设时不请见证。",
        "The trust policy (C2SP tlog-policy): which witnesses are asked to cosign the ledger's checkpoints, and how "
        "many are enough. None are asked where it is not set.",
    ),
    Variable(
        "JIANZHENG_TIMESTAMP_AUTHORITIES",
        "",
        "tsa=https://tsa.example/tsr other=http://time.example:8080/",
        "给检查点盖时间戳的机构（RFC 3161），写成 名称=地址，用空格分开。不设就不盖。",
        "Authorities that time-stamp checkpoints (RFC 3161) as name=URL, separated by blanks. None where it is not "
        "set.",
    ),
    Variable(
        "JIANZHENG_TIMESTAMP_ROOTS",
        "",
        "/srv/jianzheng/timestamp-roots",
        "存放各时间戳机构根证书的目录，每个机构一个文件：名称.pem。不设时是档案库目录里的 timestamp-roots。"
        "不再使用的机构，它的文件也要留着，旧的时间戳靠它核对。",
        "The folder with the root certificates of these authorities, one file each: name.pem; timestamp-roots in the "
        "archive's folder where it is not set. Keep the file of an authority that is not asked any more: its old "
        "stamps are checked by it.",
    ),
    Variable(
        "JIANZHENG_SIGN_COMMAND",
        "",
        "/usr/local/bin/hsm-sign --slot 1",
        "用来签署检查点的程序和参数：从标准输入读要签的内容，在标准输出给出 64 字节的 Ed25519 签名或它的 base64。"
        "不经过 shell；要用 shell 时写 sh -c '…'。环境变量 SIGN_KEY 告诉它用哪个密钥。",
        "The program, with its arguments, that signs checkpoints: it reads the message on standard input and answers "
        "the 64 bytes of an Ed25519 signature, or their base64, on standard output. No shell is asked, unless it is "
        "sh -c '…'. SIGN_KEY in its environment says which key is meant.",
        secret=True,
    ),
    Variable(
        "JIANZHENG_SIGN_VKEY",
        "",
        "archive.example/log+53a65d9d+AVfTqrBsZTXnr8ln2KwjkgJHVpCRLckh9vgdxg8BXwoH",
        "JIANZHENG_SIGN_COMMAND 所用密钥的公钥；有几个时用空格分开。",
        "The public key of what JIANZHENG_SIGN_COMMAND signs with; several are separated by blanks.",
    ),
    Variable(
        "JIANZHENG_ADMIN_PASSWORD",
        "",
        "",
        "只在 jianzheng init 时用：第一个管理员的口令。不设时在终端里询问。",
        "Read by jianzheng init only: the first administrator's password. Asked for in the terminal otherwise.",
        secret=True,
    ),
    Variable(
        "JIANZHENG_PASSWORD",
        "",
        "",
        "jianzheng user add 和 jianzheng user password 用的口令。不设时在终端里询问，或者用 --password-stdin。",
        "The password for jianzheng user add and jianzheng user password. Asked for in the terminal otherwise, or read "
        "with --password-stdin.",
        secret=True,
    ),
    Variable(
        "JIANZHENG_APP_PASSWORD",
        "",
        "",
        "只在 jianzheng migrate schema 时用：给程序连接数据库的角色设的口令。",
        "Read by jianzheng migrate schema only: the password of the role as which the program connects.",
        secret=True,
    ),
    Variable(
        "JIANZHENG_MIGRATE_TO",
        "",
        "postgresql://jianzheng_app:secret@db.example:5432/jianzheng s3://key:secret@files.example:9000/jianzheng",
        "只在 jianzheng migrate 时用：复制到哪些地址，用空格分开。",
        "Read by jianzheng migrate only: the addresses to copy to, separated by blanks.",
        secret=True,
    ),
)
"""Every variable that the program reads, in whatever module; a test holds the code against it."""

NAMES = frozenset(
    name for variable in VARIABLES for name in (variable.name, f"{variable.name}_FILE")[: 1 + variable.secret]
)
"""What may be set: the variables, and for each secret the file in which it may stand."""

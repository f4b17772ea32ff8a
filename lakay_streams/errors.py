"""Every error the project raises, as one tree.

    LakayError
    ├── SettingsError          a variable is missing, out of range, or contradicts another
    ├── ContractError          a schema folder or schema file cannot be used
    ├── PrerequisiteError      a program or server that a command needs is not there
    ├── TopicError             a Kafka topic is missing or shaped wrongly
    ├── DatabaseError          PostgreSQL cannot be used as it is
    │   └── DatabaseUnavailable  it does not answer, or not in time; also a CommitterUnavailable
    │       └── PoolTimeout      every connection is in use: a request may be tried again (HTTP 503)
    ├── PiiError               a sealed personal value cannot be opened
    ├── AuditError             the audit trail, or a signed head of it, is not what it was
    ├── RetentionError         records would be deleted that the law wants kept
    ├── LakeError              a file of the lake cannot be stored, read or trusted
    ├── ReportError            a report cannot be made, kept or trusted as it is
    │   └── ReportNotFound       there is no such report, or no such alert (HTTP 404)
    └── EngineError            the stream engine cannot go on safely
        ├── CommitterUnavailable  where checkpoints go does not answer, or not in time
        ├── Fenced             another worker owns the partition now
        └── StoreError         RocksDB refused to open, read or write

Bad data is never an exception outside `contracts`: it is parked in the rejects. A message carries the value, the rule
it breaks and the operator's next action, in one sentence, and never a secret.
"""


class LakayError(Exception):
    """Root of the project's errors; the command line prints its message without a traceback."""


class SettingsError(LakayError):
    """A setting is missing, out of range, or contradicts another."""


class ContractError(LakayError):
    """A schema folder or schema file cannot be used."""


class PrerequisiteError(LakayError):
    """A program or server that a command needs is not there."""


class TopicError(LakayError):
    """A Kafka topic is missing or shaped wrongly."""


class EngineError(LakayError):
    """The stream engine cannot go on safely; the worker stops and its supervisor restarts it."""


class CommitterUnavailable(EngineError):  # noqa: N818 - as what is not available is called
    """Where checkpoints go does not answer, or not in time: the partition is closed, and opened again until it does."""


class DatabaseError(LakayError):
    """PostgreSQL cannot be used as it is: its schema is missing or of another version, or it refuses the role."""


class DatabaseUnavailable(DatabaseError, CommitterUnavailable):  # noqa: N818 - what operators call it
    """PostgreSQL does not answer, or not in time; trying again may help."""


class PoolTimeout(DatabaseUnavailable):
    """Every pooled connection stayed in use for too long; a request that meets this is answered with HTTP 503."""


class PiiError(LakayError):
    """A sealed personal value cannot be opened: its key is not held, or it was changed."""


class AuditError(LakayError):
    """The audit trail was cut or rewritten, or a signed head of it was changed or cannot be checked."""


class RetentionError(LakayError):
    """Records would be deleted that the law wants kept."""


class LakeError(LakayError):
    """A file of the lake cannot be stored, read, listed or deleted, or is not what it was."""


class ReplayError(LakayError):
    """The past cannot be run again as asked: it is not all kept, or not of one shape."""


class ReportError(LakayError):
    """A compliance report cannot be made or filed as asked, or what is stored of it was changed."""


class ReportNotFound(ReportError):  # noqa: N818 - what its readers call it
    """There is no such report, or no such alert to report."""


class UnreadableError(EngineError):
    """Records that Kafka has could not be read: damaged, or in a form that the client does not know."""


class Fenced(EngineError):  # noqa: N818 - Kafka's own word for it
    """Another worker owns the partition now; nothing this worker wrote since reaches a committed reader."""


class StoreError(EngineError):
    """RocksDB refused to open, read or write: a full disk, a held lock, a damaged file."""

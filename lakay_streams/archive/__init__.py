"""What the committed topics say, kept in PostgreSQL; `agents.archive` is the Faust app that reads them.

    rows         a record as the row it becomes, personal values replaced, or the reasons why it is none
    revisions    which revision of an alert is new, which a copy, and which is refused
    alerts       revisions into the database, and their digests into the audit trail
    seen         which versions of which events a batch shows
    verifying    whether they are still what the trail says of them
    committer    one PostgreSQL transaction for rows and positions: each record is archived exactly once
    settings_in_force   settings that decisions depend on, into the audit trail when they have changed

Scoring never waits for it: PostgreSQL may be away for hours, and what it misses waits in Kafka.
"""

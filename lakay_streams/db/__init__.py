"""PostgreSQL: what `lakay archive` keeps of the committed topics, and what is built on it.

    url          DATABASE_URL as the drivers take it
    pool         the pooled connections of a process, and whether the server answers
    schema       migrations up and down, and whether the database has the schema this version needs
    migrations   one file for each revision of the schema
    roles        the tables' owner, and what the application's role may do
    audit        the append-only audit trail, each row chained to the one before
    digests      of records, under a key that the database does not hold
    recorded     what the trail tells of rows by their digests, and what is wrong with one that differs
    heads        the trail's head, signed and kept beside the database
    retention    deleting what is old enough, and refusing what is not
    rotation     personal values under new keys, while an archive writes

Scoring never touches it. It comes with the extra `archive`, which a worker does not need.
"""

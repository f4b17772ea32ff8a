"""The stream engine: what Faust lacks, and nothing of the domain.

Record batches instead of single messages, write-back state instead of a changelog message per write, and checkpoints
that put changelog, outputs and input offsets into one Kafka transaction before RocksDB takes the same keys.

    transport    Faust's transport driver: fetches committed records, hands each agent a batch of one partition
    backlog      what is fetched and waits, handed out oldest first across topics
    batch        the records of one partition of one topic, in order
    app          a Faust app with this engine's transport, ownership and settings
    ownership    which partitions this worker owns; Faust's table manager, replaced
    tenure       the time for which a partition is owned: opens, serves and closes it
    work         a batch in an agent's hands
    partition    one owned partition: its states, outputs, positions, journal, and the checkpoint that commits them
    table        a state table: a Faust table whose states live decoded in memory and encoded in RocksDB
    store        one RocksDB database of one partition of one table
    options      how partitions checkpoint
    committer    where checkpoints go: outputs and input offsets, together or not at all
    producer     Kafka's committer: a transactional producer that fences the previous owner when it starts
    group        a consumer group as Kafka knows it: its members, its offsets, what it has left
    recovery     brings stores up with their changelogs
    moving       moves every state to the partition of its key, once its changelog has more partitions
    standby      copies of partitions that other workers own, kept up for the day those die
    reference    a small compacted topic that every worker reads whole
    routing      Kafka's default partitioner
    stats        what a worker can tell of itself at one moment
    worker       a worker process: what starts when, and how it ends

A batch's life, the commit order and the overridden parts of Faust are in ARCHITECTURE.md.
"""

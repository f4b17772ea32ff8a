"""The stream engine: what Faust lacks, and nothing of the domain.

Record batches instead of single messages, write-back state instead of a changelog message per write, and checkpoints
that put changelog, outputs and input offsets into one Kafka transaction before RocksDB takes the same keys.

    worker   a worker process: what starts when, and how it ends
    stats    what a worker can tell of itself at one moment
    testing  a topology without Kafka, for tests
    app      a Faust app with this engine's transport, task manager and settings
    task     what one owned partition does, from its opening to its end
    state    tables of states, their stores and their changelogs
    kafka    records in and records out

A batch's life and the commit order are in docs/engine.md, the overridden parts of Faust in docs/faust.md.
"""

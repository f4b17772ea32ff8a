"""Tasks: what one owned partition does, from its opening to its end.

manager     which partitions this worker owns; Faust's table manager, replaced
lifecycle   the time for which a partition is owned: opens, serves and closes it
task        one owned partition: its states, outputs, positions, journal, and the checkpoint that commits them
outbox      what a task has sent and no checkpoint has committed yet
schedule    when the next checkpoint is due, and whether there is room until then
context     a batch in an agent's hands
journal     which records went into which checkpoint, and what was in force
crashes     how often records have crashed a worker
options     how partitions checkpoint
"""

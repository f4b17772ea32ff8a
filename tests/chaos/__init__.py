"""Faults on purpose: whole workers on a real Kafka, while a harness kills, stops, moves and starves them.

`make chaos` injects faults from a seeded schedule under simulated traffic, waits until everything is processed, and
holds what came out against the plain-Python oracle: nothing lost, nothing doubled.

    points     where inside a checkpoint or an opening a worker can be made to die
    bugs       which records crash a worker
    worker     a worker as it is started for real, with those points and bugs in it
    fleet      the worker processes, and who starts them again
    traffic    the simulated Trebanx that feeds them
    disk       what can happen to a worker's folder
    faults     every kind of fault
    verdict    what came out, against the oracle
    run        the schedule
"""

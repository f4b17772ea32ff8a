"""Processes of this project, as parents and as children.

supervisor   the parent of a worker, which starts it again
child        what parent and child agree on: exit codes, heartbeats, the death of the parent
private      files that their owner alone may read
"""

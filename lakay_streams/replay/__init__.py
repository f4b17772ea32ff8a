"""Replay: a period of the past run again from the lake by a worker's own code, and compared with what was sent.

request    which period, with which settings: a folder that says so
past       what the lake keeps of one partition, in the order of its journal
unit       one partition run again: its outputs and counts in the folder
state      what was known of somebody at a time
told       alerts, as they are compared
comparing  which alerts appear, vanish or change
service    the door: all of it
"""

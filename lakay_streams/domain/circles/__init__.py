"""Savings circles (sòl): what is known of a circle, how healthy it is, and when its tier changes.

state         the facts, in canonical order, and the tier that was told
observing     one event's facts: any order of arrival ends in the same ones
health        the four dimensions and the score, pure functions of the facts
integrity     what cannot or should not happen: the trust dimension
tiers         from a score to a tier, with hysteresis
decide        one event: next facts, health, and the tier change it makes
explain       why, in plain words
membership    what an event changes in a member's standing in this circle
reliability   a member across all circles
"""

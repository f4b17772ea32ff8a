"""The project's own checker of FinCEN's batches: it needs no schema of theirs, and sees further than one can.

    values      what a single value may be: a day, whole dollars, a bare number, a text without empty words
    elements    every element that our batches have: its order, how often it stands, what its value may be
    rules       what holds between elements: sums, counts, who must be party to a report, which days come first
    checking    a batch held against all of them

Sources: FinCEN CTR XML Schema User Guide 1.8 and FinCEN SAR XML Schema User Guide 1.6 (both August 2021, XML schema
2.0), with the electronic filing instructions that they contain. Both are told here in our words; an element that our
batches never have is refused, though FinCEN may know it.
"""

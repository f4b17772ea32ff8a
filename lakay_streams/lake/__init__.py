"""The lake: every record as it came (bronze), in Parquet files whose manifest is in PostgreSQL.

bronze      a record as a row: what it says of itself, and the rest sealed; the files of a flush
keys        one sealing key for each person and month
files       what can be done with files, wherever they are; folder: of this machine
names       what a file may be called
manifest    which files there are, and which commit added or removed them
committer   files, rows and positions: a `Committer` of the engine
reading     bronze read back, by offset
compacting  many small files made few large ones, and the deletion of what nobody reads
erasing     a person's right to erasure, and what the law keeps
verifying   Kafka, files and manifest, compared
"""

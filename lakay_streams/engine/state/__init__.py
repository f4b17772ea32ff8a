"""State: decoded in memory, encoded in RocksDB, and kept by Kafka in changelogs.

table            a state table: a Faust table whose states live decoded in memory and encoded in RocksDB
rocksdb          one RocksDB database of one partition of one table
changelog        brings stores up with their changelogs
standby          copies of partitions that other workers own, kept up for the day those die
reference        a small compacted topic that every worker reads whole
redistribution   moves every state to the partition of its key, once its changelog has more partitions
descriptors      file descriptors: RocksDB and Kafka come first
"""

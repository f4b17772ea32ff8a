"""Kafka: records in and records out, of committed transactions only.

transport         Faust's transport driver: hands each agent a batch of one partition
consumer_thread   reads committed records of a group in a thread of its own
unpacking         record batches from bytes, within a bound
buffer            what is fetched and waits, handed out oldest first across topics
batch             the records of one partition of one topic, in order
committer         where checkpoints go: outputs and input offsets, together or not at all
producer          Kafka's committer: a transactional producer that fences the previous owner when it starts
reader            reads logs of committed records to their ends, outside of any group
group             a consumer group as Kafka knows it: its members, its offsets, what it has left
partitioner       Kafka's default partitioner
"""

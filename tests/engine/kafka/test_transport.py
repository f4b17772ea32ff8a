"""What a producer may send, a worker can read."""

from __future__ import annotations

from pathlib import Path

from aiokafka import AIOKafkaConsumer

from lakay_streams.engine.kafka.batch import Record
from lakay_streams.engine.kafka.internals import make_records
from tests.engine.harness import caught_up, create_topics, produce, read, unique, workers


async def test_every_compression_codec_is_read(kafka: str, tmp_path: Path) -> None:
    name = unique("codecs")
    await create_topics(kafka, f"{name}.in", f"{name}.out", f"{name}.journal", f"{name}.in.parked")
    for codec in ("gzip", "lz4", "snappy", "zstd"):
        await produce(kafka, f"{name}.in", [(b"user", b"x" * 500)] * 12, compression_type=codec)
    with workers(name, kafka, tmp_path, 1) as (worker,):
        await caught_up(kafka, name, f"{name}.in")
        assert worker.stop() == 0
    outputs = [record for batch in (await read(kafka, f"{name}.out")).values() for record in batch]
    assert len(outputs) == 4


async def test_nothing_of_a_batch_is_kept_when_it_is_done(kafka: str, tmp_path: Path) -> None:
    name = unique("kept")
    await create_topics(kafka, f"{name}.in", f"{name}.out", f"{name}.journal", f"{name}.in.parked")
    await produce(kafka, f"{name}.in", [(b"%d" % number, b"x") for number in range(50)])
    with workers(name, kafka, tmp_path, 1) as (worker,):
        await caught_up(kafka, name, f"{name}.in")
        assert worker.stop() == 0
    assert "offsets kept: 0\n" in worker.log.read_text()


async def test_what_has_arrived_is_made_into_records_of_the_fields_that_are_read(kafka: str) -> None:
    topic = unique("spared")
    await create_topics(kafka, topic)
    await produce(kafka, topic, [(b"user", b"%d" % number) for number in range(100)])
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=kafka, auto_offset_reset="earliest")
    await consumer.start()
    make_records(consumer)
    try:
        ((tp, records),) = (await consumer.getmany(timeout_ms=20_000)).items()
    finally:
        await consumer.stop()
    assert {type(record) for record in records} == {Record}
    assert [(*tp, record.offset, record.key, record.value) for record in records] == [
        (record.topic, record.partition, number, b"user", b"%d" % number) for number, record in enumerate(records)
    ]

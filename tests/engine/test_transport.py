"""What a producer may send, a worker can read."""

from __future__ import annotations

from pathlib import Path

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

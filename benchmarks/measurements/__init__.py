"""What one number of events per second does not tell: latency, memory, scale, and the pause of a rebalance.

Each module measures one thing on a Kafka of its own and offers

    def measure(stage: Stage, quick: bool) -> list[dict[str, Any]]
        Rows of plain numbers; a dict's keys are the table's columns and the JSON's fields.
    def draw(rows: list[dict[str, Any]], axes: Axes) -> None
        The rows as a picture.
    PARTITIONS: int
"""

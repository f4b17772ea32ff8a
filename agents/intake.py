"""Intake: what every agent does before it decides.

A record becomes a fresh event of an entity that this partition owns, or it goes where it belongs:

    not what the contract says         -> lakay.internal.rejected, with every reason and its raw bytes
    an event type nobody handles       -> logged as no_handler_for_event
    an entity of another partition     -> the internal topic keyed right, once (an internal one: itself)
    an event id the entity has seen    -> logged as duplicate_event_skipped
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar

from lakay_streams.contracts import Contracts, Rejected, Unknown, rejected
from lakay_streams.contracts.topics import REJECTED, REKEYED
from lakay_streams.domain.dedup import remember
from lakay_streams.domain.events import Event
from lakay_streams.engine.kafka.batch import Record
from lakay_streams.engine.state.table import StateTable, WriteBackCache
from lakay_streams.engine.task.context import BatchContext
from lakay_streams.engine.task.options import Emitter
from lakay_streams.telemetry.logs import get_logger
from lakay_streams.telemetry.metrics import CRASHED, EVENTS
from lakay_streams.telemetry.sampling import ScoredSampling

log = get_logger()


class Remembering(Protocol):
    """A state that remembers which events it has counted."""

    @property
    def seen(self) -> bytes:
        """Hashes of the event ids already counted."""


State = TypeVar("State")
Seen = TypeVar("Seen", bound=Remembering)
E_co = TypeVar("E_co", bound=Event, covariant=True)


class Intake(Generic[E_co]):
    """Decodes, re-keys and deduplicates the records of one inbound topic and its re-keyed twin.

    Its type says which events those are: `Intake[TransactionInitiated | TransactionUpdated]`.
    """

    def __init__(self, topic: str, *events: type[E_co], contracts: Contracts, sampling: ScoredSampling) -> None:
        """Take in `topic`, which carries `events`; `sampling` bounds the log lines that every record could cause."""
        self.topic = topic
        self.sampling = sampling
        self._events = events
        self._contracts = contracts
        self._accepted = 0
        self._outcomes = {
            outcome: EVENTS.labels(topic, outcome)
            for outcome in ("accepted", "rejected", "unknown", "rekeyed", "duplicate")
        }

    def events(self, work: BatchContext) -> Iterator[tuple[Record, E_co]]:
        """Yield the events of the batch that keep their contract."""
        self._accepted = 0
        try:
            yield from self._well_formed(work)
        finally:
            # Once a batch: a counter has a lock.
            self._outcomes["accepted"].inc(self._accepted)

    def _well_formed(self, work: BatchContext) -> Iterator[tuple[Record, E_co]]:
        decode, topic, events = self._contracts.decode, self.topic, self._events
        for record in work:
            event = decode(record.value, topic, record.timestamp)
            if isinstance(event, events):
                yield record, event
            elif isinstance(event, Rejected):
                self._reject(work, record, event)
            elif isinstance(event, Unknown):
                self._outcomes["unknown"].inc()
                if self.sampling.wants("low"):
                    log.warning(
                        "no_handler_for_event", topic=topic, event_type=event.event_type, event_id=event.event_id
                    )
            else:
                raise TypeError(f"{topic} carries {type(event).__name__}, too: name it where its Intake is made")

    def fresh(self, work: BatchContext, table: StateTable[Seen]) -> Iterator[tuple[E_co, Seen, bytes]]:
        """Yield each event to be counted here, its entity's state in `table`, and the next state's ring of ids."""
        states = work.states(table)
        for record, event in self.events(work):
            admitted = self.admit(work, states, record, event)
            if admitted is not None:
                yield event, *admitted

    def admit(
        self, work: BatchContext, states: WriteBackCache[Seen], record: Record, event: Event
    ) -> tuple[Seen, bytes] | None:
        """Return the entity's state and its ring with this event, or None when the event is not to be counted here."""
        if not self.belongs(work, states, record, event):
            return None
        state = states.get(event.entity_id)
        seen = remember(state.seen, event.event_id)
        self.counted(seen is not None, event)
        return None if seen is None else (state, seen)

    def belongs(self, work: BatchContext, states: WriteBackCache[State], record: Record, event: Event) -> bool:
        """Return whether this partition owns the event's entity; the record goes on to the one that does."""
        entity = event.entity_id
        if states.owns(entity):
            return True
        self._outcomes["rekeyed"].inc()
        work.emit(REKEYED.get(self.topic, self.topic), entity.encode(), record.value)
        return False

    def counted(self, is_new: bool, event: Event) -> None:
        """Count an event as accepted, or as one that came before and changed nothing."""
        if is_new:
            self._accepted += 1
            return
        self._outcomes["duplicate"].inc()
        if self.sampling.wants("low"):
            log.info("duplicate_event_skipped", event_type=event.event_type, event_id=event.event_id)

    def _reject(self, work: BatchContext, record: Record, found: Rejected) -> None:
        self._outcomes["rejected"].inc()
        reject(work, record, found)
        if self.sampling.wants("low"):
            log.warning(
                "schema_validation_error",
                topic=record.topic,
                partition=record.partition,
                offset=record.offset,
                event_type=found.event_type,
                event_id=found.event_id,
                rejection_reasons=found.reasons,
            )


def reject(work: Emitter, record: Record, found: Rejected) -> None:
    """Keep a bad record, with its reasons, in the dead-letter topic."""
    kept = rejected.rejected_record(
        found,
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        raw=record.value,
        key=record.key,
        timestamp=record.timestamp,
    )
    work.emit(REJECTED, kept.rejected_id.encode(), rejected.encode(kept), partition=record.partition)


def dead_letter(work: Emitter, record: Record, reason: str) -> None:
    """Set aside a record that crashed the worker too often: a bug, which wants an engineer."""
    CRASHED.labels(record.topic).inc()
    reject(work, record, Rejected((f"record: {reason}",)))
    log.error(
        "message_processing_error",
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        reason=reason,
    )

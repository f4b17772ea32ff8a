"""A simulated Trebanx: seeded, labelled traffic of savings circles, wallets and remittances, with fraud in it.

`simulate(SimulatorOptions(...))` is the way in; `sinks` write what it yields, `evaluate` compares alerts with its
labels, `scoring` makes alerts of it without a worker.
"""

from lakay_streams.simulator.labels import Label
from lakay_streams.simulator.options import SimulatorOptions, demo_options
from lakay_streams.simulator.stream import Simulation, simulate
from lakay_streams.simulator.trebanx import Simulated

__all__ = ["Label", "Simulated", "Simulation", "SimulatorOptions", "demo_options", "simulate"]

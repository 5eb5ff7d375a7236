"""These stories are told on both engines."""

from tests.cluster.conftest import both_engines as both_engines

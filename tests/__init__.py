"""The tests of nbagent: a package, so that no other `tests` stands in its way."""

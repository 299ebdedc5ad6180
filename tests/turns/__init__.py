"""Labelled turns by many hands (SCHEMA.md says what a record means, AUTHOR.md how to write some)."""

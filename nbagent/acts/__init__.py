"""The registry: one file for each thing that can be asked of a clip."""

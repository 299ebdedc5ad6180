"""What a model can do, where its files are, and how it is fitted to a machine."""

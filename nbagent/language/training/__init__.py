"""Training of the reader: from labelled turns to the weights that are shipped."""

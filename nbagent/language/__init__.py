"""Words to plan: the reading of a turn, and the words of the languages it reads."""

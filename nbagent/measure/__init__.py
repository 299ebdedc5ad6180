"""What measures: benches, evaluations and scripted dialogues. No kernel imports them."""

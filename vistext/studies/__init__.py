"""What takes longer than a lesson, measured once over many seeds: how, and the stored results, a NAME.json each."""

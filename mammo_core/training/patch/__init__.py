"""The patch network that ships: lesion patches in rounds, whole pictures through it, small linear heads, and its promotion."""

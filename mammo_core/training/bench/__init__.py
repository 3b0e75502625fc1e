"""The bench: any classifier of whole pictures, trained and judged under one protocol, from recipe to report.

A recipe says everything but the pictures; a run folder holds all that came of it. Women, not pictures, are split; what was
judged was never trained on. `recipe` and `runs` import no Keras, so that pages and the queue may read them.
"""

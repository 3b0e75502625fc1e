"""Classifiers of whole pictures: decoded once, put into batches, fitted fold by fold, shown what they look at, promoted.

A recipe says everything but the pictures; a run folder holds all that came of it. Women, not pictures, are split; what was judged was
never trained on.
"""

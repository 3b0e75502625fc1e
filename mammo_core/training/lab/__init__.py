"""Runs of any kind: their folders and states, what their folds wrote, the queue that starts them. No Keras, and nothing is fitted here."""

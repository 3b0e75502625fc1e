"""Where a network is fitted: one device or several, in full or mixed precision, on any backend of Keras.

Several devices each take a part of every batch: by `tf.distribute` on TensorFlow, by `keras.distribution` on JAX.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keras


def available() -> int:
    """How many devices of the best kind the backend sees."""
    return len(_names()) or 1


def _names() -> list[str]:
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return [each.name for each in tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")]
    if keras.backend.backend() == "jax":
        return list(keras.distribution.list_devices())
    return []


@contextmanager
def devices(count: int, mixed_precision: bool) -> Iterator[None]:
    """Networks made and fitted inside work on `count` devices.

    Mixed precision is bfloat16, whose range is that of float32: no loss has to be scaled. Raises ValueError where this backend or
    machine does not have so many.
    """
    if count > 1 and available() < count:
        raise ValueError(
            f"training.devices is {count}, and the {keras.backend.backend()} backend sees {available()} on this machine"
        )
    before = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_global_policy("mixed_bfloat16" if mixed_precision else "float32")
    try:
        if count == 1:
            yield
        elif keras.backend.backend() == "tensorflow":
            import tensorflow as tf

            with tf.distribute.MirroredStrategy(_names()[:count]).scope():
                yield
        else:
            keras.distribution.set_distribution(
                keras.distribution.DataParallel(devices=_names()[:count], auto_shard_dataset=False)
            )
            try:
                yield
            finally:
                keras.distribution.set_distribution(None)
    finally:
        keras.mixed_precision.set_global_policy(before)

"""Writes keras-operation-files/: functional models with operations of keras.ops, rescaled inputs, wrapped layers and other
types of numbers, as Keras saves them, and what Keras makes of a sequence.

    KERAS_BACKEND=tensorflow python3 test/golden/make-keras-operation-files.py

Made with Keras 3.15.1 over TensorFlow 2.21. The tests read the files; Python is not needed to run them.
"""
import json
from pathlib import Path

import keras
import numpy as np
from keras import layers as L, ops

folder = Path(__file__).parent / "keras-operation-files"
folder.mkdir(exist_ok=True)
keras.utils.set_random_seed(7)
rng = np.random.default_rng(7)
rows = rng.standard_normal((6, 3))
rows[[0, 4]] = 0


def functional(build, shape=(None, 3), **options):
    given = keras.Input(shape, **options)
    return keras.Model(given, build(given))


masked = lambda build: functional(lambda x: L.LSTM(3, return_sequences=True)(build(L.Masking()(x))))
adapted = L.Normalization()
adapted.adapt(rng.standard_normal((20, 3)) * 3 + 1)
models = {
    # an operation passes no mask on, a layer of the same name does
    "masked-sum": masked(lambda x: x + x),
    "masked-layer-sum": masked(lambda x: L.Add()([x, x])),
    "masked-concat": masked(lambda x: ops.concatenate([x, x], -1)),
    "last-step": functional(lambda x: L.Dense(2)(L.LSTM(4, return_sequences=True)(x)[:, -1, :])),
    "scaled-mean": functional(lambda x: ops.mean(L.GRU(4, return_sequences=True)(1 - x / 2.0), axis=1)),
    "slices": functional(lambda x: L.GRU(3)(ops.transpose(ops.expand_dims(x[..., ::2] ** 2, -1)[..., 0], (0, 2, 1))), (6, 3)),
    "normalised": functional(lambda x: L.LSTM(3)(L.Rescaling(0.5, 0.1)(adapted(x)))),
    "unit": functional(lambda x: L.LSTM(3)(L.UnitNormalization()(x + 0.1))),
    "wrapped-bidirectional": functional(lambda x: L.GRU(3)(L.TimeDistributed(L.Bidirectional(L.LSTM(2)))(ops.expand_dims(x, -1)))),
}
keras.mixed_precision.set_dtype_policy("float16")
models["float16"] = functional(lambda x: L.Dense(2)(L.GRU(4, return_sequences=True)(x)))
keras.mixed_precision.set_dtype_policy("float64")
models["float64"] = functional(lambda x: L.Dense(2)(L.GRU(4, return_sequences=True)(x)))
models["float64-input"] = functional(lambda x: L.Dense(2)(L.GRU(4, return_sequences=True)(x)), dtype="float64")

answers = {}
for name, model in models.items():
    for ending in ["keras", "h5"]:
        model.save(folder / f"{name}.{ending}")
    y = np.asarray(model(rows[None].astype("float64" if name.endswith("input") else "float32"), training=False))
    answers[name] = {"x": rows.tolist(), "y": y[0].tolist()}
(folder / "answers.json").write_text(json.dumps(answers) + "\n")

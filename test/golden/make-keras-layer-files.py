"""Writes keras-layer-files/: transposed convolutions, EinsumDense and GroupNormalization, as Keras saves them, and their answers.

    KERAS_BACKEND=tensorflow python3 test/golden/make-keras-layer-files.py

Made with Keras 3.15.1 over TensorFlow 2.21. The tests read the files; Python is not needed to run them.
"""
import json
from pathlib import Path

import keras
import numpy as np
from keras import layers as L

folder = Path(__file__).parent / "keras-layer-files"
folder.mkdir(exist_ok=True)
keras.utils.set_random_seed(4)
rng = np.random.default_rng(4)

models = {}
for padding in ["same", "valid"]:
    for kernel, stride, dilation in [(3, 1, 1), (4, 2, 1), (5, 3, 1), (2, 3, 1), (3, 1, 2)]:
        layer = L.Conv1DTranspose(2, kernel, strides=stride, padding=padding, dilation_rate=dilation, activation="tanh")
        models[f"transposed-{padding}-{kernel}-{stride}-{dilation}"] = ((None, 3), layer)
models["transposed-before-lstm"] = ((5, 3), [L.Conv1DTranspose(4, 3, strides=2, padding="same", use_bias=False), L.LSTM(2)])
models["transposed-image"] = ((4, 3, 2), L.Conv2DTranspose(3, (3, 2), strides=(2, 3), padding="same"))
models["einsum-rows"] = ((None, 3), [L.EinsumDense("abc,cd->abd", output_shape=(None, 4), bias_axes="d", activation="relu"), L.GRU(2)])
models["einsum-elided"] = ((None, 3), L.EinsumDense("...x,xy->...y", output_shape=4, bias_axes="y"))
models["einsum-heads"] = ((5, 3), [L.EinsumDense("btc,chd->bthd", output_shape=(5, 2, 4), bias_axes="hd"), L.EinsumDense("bthd,hde->bte", output_shape=(5, 3))])
models["einsum-steps"] = ((5, 3), L.EinsumDense("btc,tuc->buc", output_shape=(6, 3), bias_axes="u"))
models["einsum-elided-behind"] = ((5, 3), L.EinsumDense("bt...,tu->bu...", output_shape=(4, 3), bias_axes="u"))
models["groups-columns"] = ((None, 6), [L.GroupNormalization(3), L.LSTM(2, return_sequences=True)])
models["groups-each"] = ((None, 4), L.GroupNormalization(-1, scale=False, epsilon=1e-2))
models["groups-all"] = ((5, 4), L.GroupNormalization(1, center=False))
models["groups-steps"] = ((6, 4), L.GroupNormalization(2, axis=1))

answers = {}
for name, (shape, layers) in models.items():
    given = keras.Input(shape)
    y = given
    for layer in layers if isinstance(layers, list) else [layers]:
        y = layer(y)
    model = keras.Model(given, y)
    for layer in model.layers:
        layer.set_weights([w + rng.normal(0, 0.3, w.shape).astype("float32") for w in layer.get_weights()])
    for ending in ["keras", "h5"]:
        model.save(folder / f"{name}.{ending}")
    x = rng.standard_normal((2, *[size or 5 for size in shape])).astype("float32")
    y = np.asarray(model(x, training=False))
    answers[name] = {"x": {"shape": x.shape, "data": x.flatten().tolist()}, "y": {"shape": y.shape, "data": y.flatten().tolist()}}
(folder / "answers.json").write_text(json.dumps(answers) + "\n")

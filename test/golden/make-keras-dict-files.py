"""Writes keras-dict-files/: functional models whose inputs and outputs are dicts, as Keras saves them, and their answers.

    KERAS_BACKEND=tensorflow python3 test/golden/make-keras-dict-files.py

Made with Keras 3.15.1 over TensorFlow 2.21. The tests read the files; Python is not needed to run them. Keys are not in
alphabetical order and never a layer's name.
"""
import json
from pathlib import Path

import keras
import numpy as np
from keras import layers as L

folder = Path(__file__).parent / "keras-dict-files"
folder.mkdir(exist_ok=True)
keras.utils.set_random_seed(3)
rng = np.random.default_rng(3)


def sequence(name, width):
    return keras.Input((None, width), name=name)


def heads():
    x = sequence("rows", 3)
    h = L.LSTM(4)(x)
    return keras.Model({"signal": x}, {"tone": L.Dense(3, activation="softmax")(h), "mood": L.Dense(2)(h)})


def one_head():
    x = sequence("rows", 3)
    return keras.Model(x, {"scores": L.Dense(2)(L.GRU(4)(x))})


def two_inputs():
    x, y = sequence("one", 3), sequence("other", 2)
    outputs = {"right": [L.Dense(2)(L.LSTM(3)(x)), L.LSTM(2)(y)], "left": {"near": L.Dense(1)(L.LSTM(2)(x)), "far": L.GRU(2)(y)}}
    return keras.Model({"zebra": x, "ant": y}, outputs)


def inner(inputs):
    """Subtracts what is called `low`: no order but the right one gives the same."""
    a, b = (keras.Input((2,), name=name) for name in ["low", "high"])
    outputs = {"up": L.Subtract()([L.Dense(2)(b), a]), "down": L.Dense(3)(a)}
    return keras.Model(inputs(a, b), outputs)


def nested(inputs, call):
    def build():
        x = sequence("rows", 2)
        low, high = L.LSTM(2)(x), L.GRU(2)(x)
        found = inner(inputs)(call(low, high))
        return keras.Model(x, {"y": found["up"], "x": found["down"]})

    return build


as_dict = lambda a, b: {"low": a, "high": b}
models = {
    "heads": heads(),
    "one-head": one_head(),
    "two-inputs": two_inputs(),
    "nested": nested(as_dict, lambda low, high: {"high": high, "low": low})(),
    "nested-by-names": nested(lambda a, b: [a, b], as_dict)(),
    "nested-by-places": nested(lambda a, b: {"high": b, "low": a}, lambda low, high: [high, low])(),
}


def flatten(value, name=""):
    """By the names that the importer gives: keys, and places in lists."""
    if not isinstance(value, (dict, list, tuple)):
        return {name: np.asarray(value)}
    items = value.items() if isinstance(value, dict) else enumerate(value)
    found = {}
    for key, one in items:
        found.update(flatten(one, f"{name}_{key}" if name else str(key)))
    return found


tensors = lambda named: [
    {"name": name, "datatype": "FP32", "shape": list(one.shape), "data": one.flatten().tolist()} for name, one in named.items()
]
answers = {}
for name, model in models.items():
    for ending in ["keras", "h5"]:
        path = folder / f"{name}.{ending}"
        model.save(path)
        model = keras.models.load_model(path, compile=False)
    draw = lambda tensor: rng.standard_normal((2, 5, tensor.shape[-1])).astype("float32")
    given = {key: draw(one) for key, one in model.input.items()} if isinstance(model.input, dict) else {"rows": draw(model.inputs[0])}
    answer = model(given if isinstance(model.input, dict) else given["rows"], training=False)
    answers[name] = {"inputs": tensors(given), "outputs": tensors(flatten(answer))}
(folder / "answers.json").write_text(json.dumps(answers) + "\n")

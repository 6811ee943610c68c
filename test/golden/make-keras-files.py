"""Writes keras-files/: models as Keras saves them, and what Keras makes of a random sequence.

    KERAS_BACKEND=jax python3 test/golden/make-keras-files.py

Made with Keras 3.15.1 over jax. The tests read the files; Python is not needed to run them.
"""
import json
from pathlib import Path

import keras
import numpy as np
from keras import layers as L

folder = Path(__file__).parent / "keras-files"
folder.mkdir(exist_ok=True)
keras.utils.set_random_seed(5)
rng = np.random.default_rng(5)
STEPS = 7
numbers = lambda: keras.Input((None, 3), name="numbers")
ids = lambda: keras.Input((None,), dtype="int32", name="ids")


def functional(inputs, build):
    return keras.Model(inputs, build(inputs))


def two_branches(x):
    a = L.LSTM(4, return_sequences=True, name="left")(x)
    b = L.GRU(4, return_sequences=True, name="right")(x)
    both = L.Add(name="both")([a, b])
    return L.Dense(2, name="answer")(L.GlobalMaxPooling1D(name="most")(L.Concatenate(name="all")([a, both])))


models = {
    "classifier": keras.Sequential([ids(), L.Embedding(11, 4, mask_zero=True), L.Bidirectional(L.LSTM(5)), L.Dropout(0.3), L.Dense(3, activation="softmax")]),
    "tagger": keras.Sequential([ids(), L.Embedding(11, 4), L.Bidirectional(L.GRU(4, return_sequences=True), merge_mode="sum"), L.TimeDistributed(L.Dense(3, activation="softmax"))]),
    "gru-before": keras.Sequential([numbers(), L.GRU(5, reset_after=False, return_sequences=True), L.GRU(4, reset_after=False), L.Dense(2)]),
    "gru-after": keras.Sequential([numbers(), L.GRU(5, return_sequences=True, name="first"), L.GRU(4, name="second"), L.Dense(2, name="out")]),
    "simple-rnn": keras.Sequential([numbers(), L.SimpleRNN(5, activation="relu", return_sequences=True), L.LayerNormalization(), L.GlobalAveragePooling1D(), L.Dense(1, activation="sigmoid")]),
    "two-branches": functional(numbers(), two_branches),
    "last-mul": keras.Sequential([numbers(), L.Bidirectional(L.LSTM(4), merge_mode="mul")]),
    "last-ave": keras.Sequential([numbers(), L.Bidirectional(L.GRU(4), merge_mode="ave")]),
    "backwards": keras.Sequential([numbers(), L.LSTM(4, go_backwards=True), L.Dense(2)]),
    "norms": keras.Sequential([numbers(), L.Dense(5), L.BatchNormalization(), L.Activation("tanh"), L.LSTM(4, return_sequences=True), L.Dense(3), L.Softmax()]),
    "no-bias": keras.Sequential([numbers(), L.LSTM(4, use_bias=False, return_sequences=True), L.GRU(4, use_bias=False, return_sequences=True), L.SimpleRNN(4, use_bias=False, return_sequences=True), L.Dense(2, use_bias=False)]),
}
unknown = {
    "conv": keras.Sequential([numbers(), L.Conv1D(4, 3), L.LSTM(4)]),
    "backwards-sequences": keras.Sequential([numbers(), L.LSTM(4, go_backwards=True, return_sequences=True)]),
    "repeat": keras.Sequential([numbers(), L.LSTM(4), L.RepeatVector(3), L.LSTM(4, return_sequences=True)]),
}
# cells with other activations than they were published with; after the others, whose numbers stay as they were
told = {
    "hard-sigmoid": keras.Sequential([numbers(), L.LSTM(4, recurrent_activation="hard_sigmoid", return_sequences=True), L.GRU(4, recurrent_activation="hard_sigmoid", activation="softsign", reset_after=False)]),
    "activations": keras.Sequential([numbers(), L.SimpleRNN(4, activation="elu", return_sequences=True), L.LSTM(4, activation="softplus", recurrent_activation="softsign", return_sequences=True), L.GRU(4, activation="leaky_relu", return_sequences=True), L.SimpleRNN(3, activation="linear", return_sequences=True), L.LSTM(3, activation="relu", recurrent_activation="tanh", return_sequences=True)]),
    "activation-layers": keras.Sequential([numbers(), L.GRU(4, activation=L.LeakyReLU(negative_slope=0.1), recurrent_activation=L.ReLU(negative_slope=0.2), return_sequences=True), L.SimpleRNN(4, activation=L.ELU(alpha=0.7), return_sequences=True)]),
    "own-backward": keras.Sequential([numbers(), L.Bidirectional(L.GRU(4, activation="softplus", return_sequences=True), backward_layer=L.GRU(4, activation="elu", return_sequences=True, go_backwards=True))]),
    "backwards-softplus": keras.Sequential([numbers(), L.LSTM(4, activation="softplus", go_backwards=True), L.Dense(2)]),
}
answers = {}
for name, model in {**models, **unknown, **told}.items():
    # biases and moments start at constants, which tell no layouts apart
    for layer in model.layers:
        layer.set_weights([w + rng.normal(0, 0.3, w.shape).astype("float32") ** (2 if "variance" in v.path else 1) for w, v in zip(layer.get_weights(), layer.weights)])
    if name not in unknown:
        kind = model.inputs[0].name
        x = rng.integers(1, 11, (1, STEPS)) if kind == "ids" else rng.normal(0, 1, (1, STEPS, 3)).astype("float32")
        answers[name] = {"x": x[0].tolist(), "y": np.asarray(model(x))[0].tolist()}
    model.save(folder / f"{name}.keras")
for name in ["classifier", "tagger", "gru-before", "gru-after", "two-branches", "hard-sigmoid"]:
    {**models, **told}[name].save(folder / f"{name}.h5")
json.dump(answers, open(folder / "answers.json", "w"))

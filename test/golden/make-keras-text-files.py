"""Writes keras-text-files/: models that read texts, as Keras saves them, and what Keras makes of some texts.

    KERAS_BACKEND=tensorflow python3 test/golden/make-keras-text-files.py

Made with Keras 3.15.1 over TensorFlow 2.21. The tests read the files; Python is not needed to run them.
"""
import json
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from keras import layers as L

folder = Path(__file__).parent / "keras-text-files"
folder.mkdir(exist_ok=True)
keras.utils.set_random_seed(5)
rng = np.random.default_rng(5)
WORDS = "call me ishmael some years ago never mind how long precisely dont ünder ÜBER don't".split()
TEXTS = ["Call me Ishmael.", "Some years ago—never mind, how LONG precisely!", "Don't\tcall \x0b me; don`t\n(some) don't",
         "ünder ÜBER über Ünder", "  ago  - ago ", "[UNK] Whale 鯨 ago\u00a0me \u2003 call\x1cme\x85some"]
text = lambda *shape: keras.Input(shape, dtype="string", name="text")
vectorize = lambda **options: L.TextVectorization(name="words", **options)


def adapted(**options):
    layer = vectorize(**options)
    layer.adapt([" ".join(WORDS)] * 2 + ["call me"])
    return layer


inner = keras.Sequential([keras.Input((None,), dtype="int64"), L.Embedding(40, 4, mask_zero=True), L.GRU(4), L.Dense(2)], name="inner")


def beside_numbers():
    words, numbers = text(1), keras.Input((3,), name="numbers")
    x = L.LSTM(4)(L.Embedding(40, 4, mask_zero=True)(adapted()(words)))
    return keras.Model([words, numbers], L.Dense(2, name="answer")(L.Concatenate()([x, numbers])))


models = {
    "adapted": keras.Sequential([text(1), adapted(), L.Embedding(40, 4, mask_zero=True), L.LSTM(4), L.Dense(3, activation="softmax")]),
    "cut": keras.Sequential([text(), vectorize(vocabulary=WORDS, output_sequence_length=4), L.Embedding(60, 4), L.GRU(4), L.Dense(2)]),
    "cut-masked": keras.Sequential([text(1), adapted(output_sequence_length=6, max_tokens=9), L.Embedding(9, 4, mask_zero=True), L.Bidirectional(L.GRU(4)), L.Dense(2)]),
    "characters": keras.Sequential([text(1), vectorize(vocabulary=list("abcdeÜü. \t"), standardize="lower", split="character"), L.Embedding(12, 4, mask_zero=True), L.GRU(4, return_sequences=True), L.Dense(2)]),
    "as-written": keras.Sequential([text(), vectorize(vocabulary=["", "[UNK]", *WORDS], standardize=None), L.Embedding(40, 4), L.SimpleRNN(4), L.Dense(2)]),
    "stripped": keras.Sequential([text(1), vectorize(vocabulary=WORDS, standardize="strip_punctuation"), L.Embedding(40, 4, mask_zero=True), L.LSTM(4)]),
    "lookup": keras.Sequential([text(None), L.StringLookup(vocabulary=WORDS, mask_token="[MASK]"), L.Embedding(40, 4, mask_zero=True), L.LSTM(4), L.Dense(2)]),
    "lookup-unmasked": keras.Sequential([text(3), L.StringLookup(vocabulary=["[UNK]", *WORDS]), L.Embedding(40, 4), L.LSTM(4), L.Dense(2)]),
    "integers": keras.Sequential([keras.Input((None,), dtype="int64", name="codes"), L.IntegerLookup(vocabulary=[7, 1000000, -5], mask_token=0), L.Embedding(5, 4, mask_zero=True), L.GRU(4), L.Dense(2)]),
    "nested": keras.Sequential([text(1), adapted(), inner]),
    "beside-numbers": beside_numbers(),
}
refused = {
    "ngrams": keras.Sequential([text(1), vectorize(vocabulary=WORDS, ngrams=2), L.Embedding(40, 4)]),
    "multi-hot": keras.Sequential([text(1), vectorize(vocabulary=WORDS, output_mode="multi_hot"), L.Dense(2)]),
    "hashed": keras.Sequential([text(None), L.StringLookup(vocabulary=WORDS, num_oov_indices=3), L.Embedding(40, 4)]),
}
TOKENS = [["call", "me", "[MASK]"], ["Call", "ago", "ÜBER"], ["[UNK]", "", "don't"]]
inputs = {
    "lookup": {"text": TOKENS}, "lookup-unmasked": {"text": TOKENS},
    "integers": {"codes": [[7, 1000000, -5, 0], [3, 7, -1, -5]]},
    "beside-numbers": {"text": [[one] for one in TEXTS], "numbers": rng.normal(0, 1, (len(TEXTS), 3)).round(3).tolist()},
}
answers = {}
for name, model in models.items():
    # biases and moments start at constants, which tell no layouts apart
    for layer in model.layers:
        if layer.weights and not isinstance(layer, L.TextVectorization):
            layer.set_weights([w + rng.normal(0, 0.3, w.shape).astype("float32") for w in layer.get_weights()])
    given = inputs.get(name) or {"text": TEXTS if len(model.inputs[0].shape) == 1 else [[one] for one in TEXTS]}
    kinds = {one.name: one.dtype for one in model.inputs}
    run = lambda rows: np.asarray(model({k: tf.constant(rows(v), dtype=kinds[k]) for k, v in given.items()} if len(given) > 1 else tf.constant(rows(next(iter(given.values()))), dtype=kinds[next(iter(given))])))
    count = len(next(iter(given.values())))
    answers[name] = {"inputs": given, "y": run(lambda v: v).tolist(), "alone": [run(lambda v: v[i:i + 1])[0].tolist() for i in range(count)]}
    model.save(folder / f"{name}.keras")
for name, model in refused.items():
    model.save(folder / f"{name}.keras")
models["cut"].save(folder / "cut.h5")
json.dump(answers, open(folder / "answers.json", "w"), ensure_ascii=False)

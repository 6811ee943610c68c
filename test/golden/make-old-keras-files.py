"""Writes old-keras-files/: HDF5 as Keras 1 and 2 left it, and what the equations make of a random sequence.

    /usr/bin/python3 test/golden/make-old-keras-files.py

Those versions run on no Python of today, so the files are written by h5py from their layout rules (keras/engine/topology.py of 1.2.2 and
2.1.5: names, order and shapes of weights, attributes, configs) and the answers come from numpy in float64. The tests read the files.
"""
import json
from pathlib import Path

import h5py
import numpy as np

folder = Path(__file__).parent / "old-keras-files"
folder.mkdir(exist_ok=True)
rng = np.random.default_rng(11)
STEPS = 8
draw = lambda *shape: rng.normal(0, 0.5, shape).astype("float32")
sigmoid = lambda x: 1 / (1 + np.exp(-x))
softmax = lambda x: np.exp(x - x.max(-1, keepdims=True)) / np.exp(x - x.max(-1, keepdims=True)).sum(-1, keepdims=True)


# ---- the equations; gates by name, W [in, units] and U [units, units] each
def lstm(g, x):
    h = c = np.zeros(g["b_i"].shape)
    rows = []
    for row in x:
        a = {k: row @ g[f"W_{k}"] + h @ g[f"U_{k}"] + g[f"b_{k}"] for k in "ifco"}
        c = sigmoid(a["f"]) * c + sigmoid(a["i"]) * np.tanh(a["c"])
        h = sigmoid(a["o"]) * np.tanh(c)
        rows.append(h)
    return np.array(rows)


def gru(g, x, after=False):
    h = np.zeros(g["b_z"].shape)
    rows = []
    for row in x:
        z, r = (sigmoid(row @ g[f"W_{k}"] + g[f"b_{k}"] + h @ g[f"U_{k}"] + g.get(f"c_{k}", 0)) for k in "zr")
        n = row @ g["W_h"] + g["b_h"]
        n = np.tanh(n + (r * (h @ g["U_h"] + g["c_h"]) if after else (r * h) @ g["U_h"]))
        h = z * h + (1 - z) * n
        rows.append(h)
    return np.array(rows)


def rnn(W, U, b, x):
    h = np.zeros(b.shape)
    rows = []
    for row in x:
        h = np.tanh(row @ W + h @ U + b)
        rows.append(h)
    return np.array(rows)


def conv_same(W, b, x):
    """W [kernel, in, out]; the longer half of an even window lies ahead."""
    left = (len(W) - 1) // 2
    at = lambda t: x[t] if 0 <= t < len(x) else np.zeros(x.shape[1])
    return np.array([b + sum(at(t - left + j) @ W[j] for j in range(len(W))) for t in range(len(x))])


def gates(names, width, units, after=False):
    g = {}
    for k in names:
        g[f"W_{k}"], g[f"U_{k}"], g[f"b_{k}"] = draw(width, units), draw(units, units), draw(units)
        if after:
            g[f"c_{k}"] = draw(units)
    return g


# ---- the layouts
def keras_1(g, name, order):
    """A gate after the other: W, U, b of each."""
    return [(f"{name}_{part}_{k}", g[f"{part}_{k}"]) for k in order for part in "WUb"]


def keras_2(g, name, order):
    join = lambda part: np.concatenate([g[f"{part}_{k}"] for k in order], -1)
    return [(f"{name}/kernel:0", join("W")), (f"{name}/recurrent_kernel:0", join("U")), (f"{name}/bias:0", join("b"))]


def cudnn(g, name, order):
    """cuDNN's matrix [units, in] of every gate, under the shape [in, units]; both biases in one vector."""
    turned = lambda W: np.ascontiguousarray(W.T).reshape(W.shape)
    join = lambda part: np.concatenate([turned(g[f"{part}_{k}"]) for k in order], -1)
    bias = np.concatenate([g[f"{part}_{k}"] for part in "bc" for k in order])
    return [(f"{name}/kernel:0", join("W")), (f"{name}/recurrent_kernel:0", join("U")), (f"{name}/bias:0", bias)]


def write_weights(group, weights, version, chunks=False):
    group.attrs["layer_names"] = [name.encode() for name, _ in weights]
    if version:
        group.attrs["keras_version"] = version.encode()
        group.attrs["backend"] = b"tensorflow"
    for layer, arrays in weights:
        own = group.create_group(layer)
        names = [name.encode() for name, _ in arrays]
        if chunks and len(names) > 1:
            # lists past HDF5's 64 KB are stored in parts
            for i, name in enumerate(names):
                own.attrs[f"weight_names{i}"] = [name]
        else:
            own.attrs["weight_names"] = names
        for name, array in arrays:
            own.create_dataset(name, data=array)


def save(name, config, weights, version, says_version=True):
    with h5py.File(folder / f"{name}.h5", "w") as f:
        if says_version:
            f.attrs["keras_version"] = version.encode()
        f.attrs["model_config"] = json.dumps(config).encode()
        write_weights(f.create_group("model_weights"), weights, version if says_version else None)


answers = {}


def answer(name, x, y):
    answers[name] = {"x": np.asarray(x).tolist(), "y": np.asarray(y).tolist()}


def layer(kind, name, inbound=None, **config):
    one = {"class_name": kind, "config": {"name": name, "trainable": True, **config}}
    if inbound is not None:
        one.update(name=name, inbound_nodes=[[[source, 0, 0] for source in inbound]] if inbound else [])
    return one


numbers = dict(batch_input_shape=[None, None, 3], input_dtype="float32")
old = dict(init="glorot_uniform", inner_init="orthogonal", go_backwards=False, stateful=False, unroll=False, consume_less="cpu", dropout_W=0.0, dropout_U=0.0)
both = dict(activation="tanh", inner_activation="sigmoid", **old)

# Keras 1.2.2: LSTM as twelve arrays in the order i c f o, TimeDistributedDense, p for a dropout's rate
table, first, second, W, b = draw(11, 4), gates("ifco", 4, 5), gates("ifco", 5, 3), draw(3, 4), draw(4)
ids = rng.integers(1, 11, STEPS)
save(
    "keras-1-lstm",
    {"class_name": "Sequential", "config": [
        layer("Embedding", "embedding_1", input_dim=11, output_dim=4, input_length=None, mask_zero=False, init="uniform", dropout=0.0, batch_input_shape=[None, None], input_dtype="int32"),
        layer("LSTM", "lstm_1", output_dim=5, return_sequences=True, forget_bias_init="one", input_dim=4, input_length=None, **both),
        layer("Dropout", "dropout_1", p=0.2),
        layer("LSTM", "lstm_2", output_dim=3, return_sequences=True, forget_bias_init="one", input_dim=5, input_length=None, **both),
        layer("TimeDistributedDense", "out", output_dim=4, activation="softmax", bias=True, input_dim=3),
    ]},
    [("embedding_1", [("embedding_1_W:0", table)]), ("lstm_1", keras_1(first, "lstm_1", "icfo")), ("dropout_1", []), ("lstm_2", keras_1(second, "lstm_2", "icfo")), ("out", [("out_W:0", W), ("out_b:0", b)])],
    "1.2.2",
)
answer("keras-1-lstm", ids, softmax(lstm(second, lstm(first, table[ids])) @ W + b))

# Keras 1.0.0, which says no version: two branches into a Merge, a Dense without a bias
left, right, W = gates("zrh", 3, 4), (draw(3, 4), draw(4, 4), draw(4)), draw(8, 2)
x = draw(STEPS, 3)
save(
    "keras-1-branches",
    {"class_name": "Model", "config": {
        "name": "model_1",
        "layers": [
            layer("InputLayer", "input_1", [], **numbers),
            layer("GRU", "gru_1", ["input_1"], output_dim=4, return_sequences=True, input_dim=3, **both),
            layer("SimpleRNN", "rnn_1", ["input_1"], output_dim=4, return_sequences=True, input_dim=3, activation="tanh", **old),
            layer("Merge", "product", ["gru_1", "rnn_1"], mode="mul", mode_type="raw", concat_axis=-1, dot_axes=-1),
            layer("Merge", "sum", ["product", "gru_1"], mode="sum", mode_type="raw", concat_axis=-1, dot_axes=-1),
            layer("Merge", "all", ["sum", "rnn_1"], mode="concat", mode_type="raw", concat_axis=-1, dot_axes=-1),
            layer("TimeDistributed", "each", ["all"], layer={"class_name": "Dense", "config": {"name": "dense_1", "output_dim": 2, "activation": "linear", "bias": False, "input_dim": 8}}),
        ],
        "input_layers": [["input_1", 0, 0]],
        "output_layers": [["each", 0, 0]],
    }},
    [("input_1", []), ("gru_1", keras_1(left, "gru_1", "zrh")), ("rnn_1", list(zip(["rnn_1_W", "rnn_1_U", "rnn_1_b"], right))), ("product", []), ("sum", []), ("all", []), ("each", [("dense_1_W", W)])],
    "1.0.0",
    says_version=False,
)
a, c = gru(left, x), rnn(*right, x)
answer("keras-1-branches", x, np.concatenate([a * c + a, c], -1) @ W)

# Keras 1.2.2: Convolution1D [kernel, 1, in, out], BatchNormalization with running_std (a variance), Bidirectional, consume_less gpu
K, kb, gamma, beta, mean, variance = draw(4, 1, 3, 6), draw(6), draw(6), draw(6), draw(6), draw(6) ** 2 + 0.5
ways, W, b = [gates("ifco", 6, 3), gates("ifco", 6, 3)], draw(6, 2), draw(2)
joined = gates("zrh", 6, 4)
x = draw(STEPS, 3)
save(
    "keras-1-both-ways",
    {"class_name": "Sequential", "config": [
        layer("Convolution1D", "convolution1d_1", nb_filter=6, filter_length=4, border_mode="same", subsample_length=1, activation="relu", bias=True, init="glorot_uniform", input_dim=3, input_length=None, **numbers),
        layer("BatchNormalization", "batchnormalization_1", epsilon=0.001, mode=0, axis=-1, momentum=0.99, gamma_regularizer=None, beta_regularizer=None),
        layer("Bidirectional", "bidirectional_1", merge_mode="concat", layer={"class_name": "LSTM", "config": {"name": "lstm_1", "output_dim": 3, "return_sequences": True, "forget_bias_init": "one", "input_dim": 6, **both}}),
        layer("GRU", "gru_1", output_dim=4, return_sequences=True, input_dim=6, **{**both, "consume_less": "gpu"}),
    ]},
    [
        ("convolution1d_1", [("convolution1d_1_W:0", K), ("convolution1d_1_b:0", kb)]),
        ("batchnormalization_1", [(f"batchnormalization_1_{n}:0", v) for n, v in zip(["gamma", "beta", "running_mean", "running_std"], [gamma, beta, mean, variance])]),
        ("bidirectional_1", [p for way, g in zip(["forward", "backward"], ways) for p in keras_1(g, f"{way}_lstm_1", "icfo")]),
        ("gru_1", [(f"gru_1_{p}:0", np.concatenate([joined[f"{p}_{k}"] for k in "zrh"], -1)) for p in "WUb"]),
    ],
    "1.2.2",
)
y = (np.maximum(conv_same(K[:, 0], kb, x), 0) - mean) / np.sqrt(variance + 0.001) * gamma + beta
answer("keras-1-both-ways", x, gru(joined, np.concatenate([lstm(ways[0], y), lstm(ways[1], y[::-1])[::-1]], -1)))

# Keras 2.1.5: a Sequential as a list, GRU without a word of reset_after, CuDNN layers, weights under the name of the layer twice
plain, fast, after, W, b = gates("zrh", 3, 4), gates("ifco", 4, 5, after=True), gates("zrh", 5, 3, after=True), draw(3, 2), draw(2)
x = draw(STEPS, 3)
now = dict(activation="tanh", recurrent_activation="sigmoid", use_bias=True, go_backwards=False, stateful=False, unroll=False, implementation=1)
save(
    "keras-2-cudnn",
    {"class_name": "Sequential", "config": [
        layer("GRU", "gru_1", units=4, return_sequences=True, return_state=False, batch_input_shape=[None, None, 3], dtype="float32", **now),
        layer("CuDNNLSTM", "fast", units=5, return_sequences=True, return_state=False, stateful=False, unit_forget_bias=True),
        layer("CuDNNGRU", "after", units=3, return_sequences=False, return_state=False, stateful=False),
        layer("Dense", "dense_1", units=2, activation="linear", use_bias=True),
    ]},
    [("gru_1", keras_2(plain, "gru_1", "zrh")), ("fast", cudnn(fast, "fast", "ifco")), ("after", cudnn(after, "after", "zrh")), ("dense_1", [("dense_1/kernel:0", W), ("dense_1/bias:0", b)])],
    "2.1.5",
)
merged = {**fast, **{f"b_{k}": fast[f"b_{k}"] + fast[f"c_{k}"] for k in "ifco"}}
answer("keras-2-cudnn", x, gru(after, lstm(merged, gru(plain, x)), after=True)[-1] @ W + b)

# Keras 2.2: to_json and save_weights, a file each; names in parts
a, b2, W, b = gates("ifco", 3, 4), gates("zrh", 4, 3), draw(3, 2), draw(2)
x = draw(STEPS, 3)
both_files = folder / "weights-and-config"
both_files.mkdir(exist_ok=True)
json.dump(
    {"class_name": "Sequential", "config": {"name": "sequential_1", "layers": [
        layer("LSTM", "lstm_1", units=4, return_sequences=True, return_state=False, batch_input_shape=[None, None, 3], dtype="float32", **now),
        layer("GRU", "gru_1", units=3, return_sequences=True, return_state=False, reset_after=False, **now),
        layer("Dense", "dense_1", units=2, activation="sigmoid", use_bias=True),
    ]}, "keras_version": "2.2.4", "backend": "tensorflow"},
    open(both_files / "model.json", "w"),
)
with h5py.File(both_files / "model.h5", "w") as f:
    write_weights(f, [("lstm_1", keras_2(a, "lstm_1", "ifco")), ("gru_1", keras_2(b2, "gru_1", "zrh")), ("dense_1", [("dense_1/kernel:0", W), ("dense_1/bias:0", b)])], "2.2.4", chunks=True)
answer("weights-and-config", x, sigmoid(gru(b2, lstm(a, x)) @ W + b))

json.dump(answers, open(folder / "answers.json", "w"))

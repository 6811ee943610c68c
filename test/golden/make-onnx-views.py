# Small ONNX files in the shapes that exporters write: steps or channels first, lengths, states in and out, images, fewer
# rows than steps. Writes onnx-files/views/*.onnx and feeds.json; make-onnx-views.mjs adds onnxruntime's answers.
# Run: python3 make-onnx-views.py && node make-onnx-views.mjs
import json
import pathlib

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, save

folder = pathlib.Path(__file__).parent / "onnx-files" / "views"
folder.mkdir(exist_ok=True)
rng = np.random.default_rng(11)
feeds = {}
FLOAT, INT64, INT32, UINT8 = TensorProto.FLOAT, TensorProto.INT64, TensorProto.INT32, TensorProto.UINT8
kinds = {FLOAT: ("float32", np.float32), INT64: ("int64", np.int64), INT32: ("int32", np.int32), UINT8: ("uint8", np.uint8)}


class Graph:
    def __init__(self):
        self.nodes, self.tensors = [], []

    def floats(self, *shape):
        return self.constant((rng.standard_normal(shape) * 0.6).astype(np.float32))

    def ints(self, *values):
        return self.constant(np.array(values, np.int64))

    def constant(self, array):
        name = f"w{len(self.tensors)}"
        self.tensors.append(numpy_helper.from_array(array, name))
        return name

    def add(self, op, *inputs, outputs=None, **attributes):
        names = outputs or [f"v{len(self.nodes)}"]
        self.nodes.append(helper.make_node(op, list(inputs), names, **attributes))
        return names[0] if len(names) == 1 else names

    def recur(self, op, x, width, units, lengths="", h="", c="", **attributes):
        """@returns Y [T, D, B, H], Y_h and Y_c [D, B, H]"""
        gates = {"LSTM": 4, "GRU": 3, "RNN": 1}[op] * units
        d = 2 if attributes.get("direction") == "bidirectional" else 1
        given = [x, self.floats(d, gates, width), self.floats(d, gates, units), self.floats(d, 2 * gates), lengths, h]
        if op == "LSTM":
            given.append(c)
        names = [f"{part}{len(self.nodes)}" for part in ("Y", "Yh", "Yc")[: 3 if op == "LSTM" else 2]]
        return self.add(op, *given, outputs=names, hidden_size=units, **attributes)

    def dense(self, x, width, units, out):
        return self.add("Add", self.add("MatMul", x, self.floats(width, units)), self.floats(units), outputs=[out])

    def turn(self, x, *perm, out=None):
        return self.add("Transpose", x, perm=list(perm), outputs=out and [out])

    def squeeze(self, x, axis, out=None):
        return self.add("Squeeze", x, self.ints(axis), outputs=out and [out])

    def save(self, name, inputs, outputs, answer=None, rows=None, steps=None, states=None, **data):
        """rows: the answer's axis of rows; data: the numbers of each input, the sequence first, whose steps are along `steps`,
        or several calls with the next values of `states`."""
        value = lambda one: helper.make_tensor_value_info(one[0], one[2] if len(one) > 2 else FLOAT, one[1])
        graph = helper.make_graph(self.nodes, name, [*map(value, inputs)], [*map(value, outputs)], self.tensors)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="a script")
        model.ir_version = 8
        checker.check_model(model)
        save(model, str(folder / f"{name}.onnx"))
        if answer is None:
            return
        feeds[name] = {"answer": answer, "rows": rows, "sequence": next(iter(data)), "steps": steps, "states": states or {}, "inputs": {}}
        for one in inputs:
            kind, dtype = kinds[one[2] if len(one) > 2 else FLOAT]
            array = np.asarray(data[one[0]], dtype)
            feeds[name]["inputs"][one[0]] = {"type": kind, "shape": array.shape, "data": array.ravel().tolist()}


def numbers(*shape):
    return rng.standard_normal(shape).round(4)


g = Graph()
y, *_ = g.recur("LSTM", "input", 3, 4)
g.dense(g.squeeze(y, 1), 4, 2, "output")
g.save("steps-first", [("input", ["seq", "batch", 3])], [("output", ["seq", "batch", 2])], "output", 0, 0, input=numbers(9, 1, 3))

g = Graph()
y, *_ = g.recur("LSTM", "input", 3, 4)
g.dense(g.squeeze(y, 1), 4, 2, "output")
g.save("steps-first-fixed", [("input", [10, 1, 3])], [("output", [10, 1, 2])], "output", 0, 0, input=numbers(10, 1, 3))

g = Graph()
y, *_ = g.recur("GRU", "input", 3, 4)
g.dense(g.add("Gather", g.squeeze(y, 1), g.constant(np.array(-1)), axis=0), 4, 2, "output")
g.save("last-step", [("input", ["seq", "batch", 3])], [("output", ["batch", 2])], "output", None, 0, input=numbers(9, 1, 3))

for name, kind in (("lengths", INT64), ("lengths-int32", INT32)):
    g = Graph()
    lens = g.add("Cast", "lens", to=INT32)
    y, *_ = g.recur("LSTM", g.turn("x", 1, 0, 2), 4, 3, lengths=lens, direction="bidirectional")
    rows = g.add("Reshape", g.turn(y, 2, 0, 1, 3), g.ints(0, 0, -1), outputs=["out"])
    g.add("Identity", "lens", outputs=["out_lens"])
    g.save(name, [("x", ["B", "T", 4]), ("lens", ["B"], kind)], [("out", ["B", "T", 6]), ("out_lens", ["B"], kind)], "out", 1, 1,
           x=numbers(1, 9, 4), lens=[9])

g = Graph()
y, h, c = g.recur("LSTM", g.add("Unsqueeze", "obs", g.ints(0)), 5, 4, h="h_in", c="c_in")
g.dense(g.squeeze(g.squeeze(y, 1), 0), 4, 2, "actions")
g.add("Identity", c, outputs=["c_out"])
g.add("Identity", h, outputs=["h_out"])
g.save("step-with-states", [("c_in", [1, 1, 4]), ("obs", [1, 5]), ("h_in", [1, 1, 4])],
       [("c_out", [1, 1, 4]), ("actions", [1, 2]), ("h_out", [1, 1, 4])], "actions", states={"h_in": "h_out", "c_in": "c_out"},
       obs=numbers(5, 1, 5), h_in=np.zeros((1, 1, 4)), c_in=np.zeros((1, 1, 4)))

g = Graph()
y, h = g.recur("GRU", "data", 5, 4, h="hidden")
g.squeeze(y, 1, "output")
g.save("state-in-only", [("data", ["T", "B", 5]), ("hidden", [1, "B", 4])], [("output", ["T", "B", 4])], "output", 0, 0,
       data=numbers(9, 1, 5), hidden=np.zeros((1, 1, 4)))

g = Graph()
x = g.turn("x", 1, 0, 2)
ends = []
for layer in range(2):
    part = lambda value: g.add("Slice", value, g.ints(layer), g.ints(layer + 1), g.ints(0))
    y, h, c = g.recur("LSTM", x, 3 if layer == 0 else 4, 4, h=part("h0"), c=part("c0"))
    x = g.squeeze(y, 1)
    ends.append((h, c))
g.dense(g.turn(x, 1, 0, 2), 4, 2, "y")
g.add("Concat", *[h for h, _ in ends], axis=0, outputs=["hn"])
g.add("Concat", *[c for _, c in ends], axis=0, outputs=["cn"])
g.save("states-of-two-layers", [("x", ["B", "T", 3]), ("c0", [2, "B", 4]), ("h0", [2, "B", 4])],
       [("hn", [2, "B", 4]), ("y", ["B", "T", 2]), ("cn", [2, "B", 4])], "y", 1, 1,
       x=numbers(1, 9, 3), h0=np.zeros((2, 1, 4)), c0=np.zeros((2, 1, 4)))

g = Graph()
memory = g.turn("recurrent_in", 1, 0, 2)
part = lambda a, b: g.add("Slice", memory, g.ints(a), g.ints(b), g.ints(2))
y, h, c = g.recur("LSTM", g.add("Unsqueeze", "obs_0", g.ints(0)), 5, 4, h=part(0, 4), c=part(4, 8))
g.dense(g.squeeze(g.squeeze(y, 1), 0), 4, 2, "actions")
g.turn(g.add("Concat", h, c, axis=2), 1, 0, 2, out="recurrent_out")
g.add("Identity", g.constant(np.array([3], np.float32)), outputs=["version"])
g.save("agent", [("obs_0", ["batch", 5]), ("recurrent_in", ["batch", 1, 8])],
       [("version", [1]), ("actions", ["batch", 2]), ("recurrent_out", ["batch", 1, 8])], "actions", states={"recurrent_in": "recurrent_out"},
       obs_0=numbers(5, 1, 5), recurrent_in=np.zeros((1, 1, 8)))

for name, width in (("image-fixed-width", 16), ("image", "W")):
    g = Graph()
    x = g.add("Relu", g.add("Conv", "image", g.floats(4, 1, 3, 3), pads=[1, 1, 1, 1], kernel_shape=[3, 3]))
    x = g.add("MaxPool", x, kernel_shape=[8, 4], strides=[8, 4])
    y, *_ = g.recur("LSTM", g.turn(g.squeeze(x, 2), 2, 0, 1), 4, 3, direction="bidirectional")
    g.dense(g.add("Reshape", g.turn(y, 0, 2, 1, 3), g.ints(0, 0, -1)), 6, 5, "logits")
    g.save(name, [("image", ["N", 1, 8, width])], [("logits", ["T", "N", 5])], "logits", 0, 3, image=numbers(1, 1, 8, 16))

g = Graph()
y, *_ = g.recur("LSTM", g.turn("feats", 1, 0, 2), 3, 4)
g.add("LogSoftmax", g.dense(g.squeeze(y, 1), 4, 2, "scores"), axis=-1, outputs=["log_probs"])
g.save("steps-first-output", [("feats", ["B", "T", 3])], [("log_probs", ["T", "B", 2])], "log_probs", 0, 1, feats=numbers(1, 9, 3))

for name, kind in (("ids-as-floats", FLOAT), ("ids-as-bytes", UINT8)):
    g = Graph()
    x = g.add("Gather", g.floats(11, 3), g.add("Cast", "bytes", to=INT64), axis=0)
    y, *_ = g.recur("GRU", g.turn(x, 1, 0, 2), 3, 4)
    g.dense(g.turn(g.squeeze(y, 1), 1, 0, 2), 4, 2, "logits")
    g.save(name, [("bytes", ["batch", "length"], kind)], [("logits", ["batch", "length", 2])], "logits", 1, 1,
           bytes=rng.integers(0, 11, (1, 9)))

g = Graph()
x = g.add("Relu", g.add("Conv", "mel", g.floats(4, 6, 3), pads=[1, 1], kernel_shape=[3]))
_, h, _ = g.recur("LSTM", g.turn(x, 2, 0, 1), 4, 3)
g.dense(g.squeeze(h, 0), 3, 2, "score")
g.save("channels-first", [("mel", ["B", 6, "T"])], [("score", ["B", 2])], "score", None, 2, mel=numbers(1, 6, 9))

g = Graph()
x = g.add("Conv", "mel", g.floats(4, 6, 3), pads=[1, 1], kernel_shape=[3])
g.add("Tanh", x, outputs=["out"])
g.save("channels-first-both", [("mel", ["B", 6, "T"])], [("out", ["B", 4, "T"])], "out", 2, 2, mel=numbers(1, 6, 9))

g = Graph()
x = g.add("Relu", g.add("Conv", g.turn("x", 0, 2, 1), g.floats(4, 3, 3), pads=[1, 1], strides=[2], kernel_shape=[3]))
y, *_ = g.recur("GRU", g.turn(x, 2, 0, 1), 4, 3)
g.dense(g.turn(g.squeeze(y, 1), 1, 0, 2), 3, 2, "logits")
g.save("strided-front", [("x", ["B", "T", 3])], [("logits", ["B", "T2", 2])], "logits", 1, 1, x=numbers(1, 9, 3))

g = Graph()
y, *_ = g.recur("GRU", g.turn("x", 1, 0, 2), 3, 4)
x = g.add("MaxPool", g.turn(g.squeeze(y, 1), 1, 2, 0), kernel_shape=[2], strides=[2])
g.turn(x, 0, 2, 1, out="logits")
g.save("pooled-after", [("x", ["B", "T", 3])], [("logits", ["B", "T2", 4])], "logits", 1, 1, x=numbers(1, 9, 3))

g = Graph()
x = g.add("Conv", g.turn("x", 0, 2, 1), g.floats(4, 3, 4), strides=[2], dilations=[2], kernel_shape=[4])
g.turn(x, 0, 2, 1, out="out")
g.save("valid-strided-dilated", [("x", ["B", "T", 3])], [("out", ["B", "T2", 4])], "out", 1, 1, x=numbers(1, 20, 3))

g = Graph()
y, *_ = g.recur("LSTM", "input", 3, 4)
g.dense(g.squeeze(y, 1), 4, 2, "output")
g.save("batch-first-forgotten", [("input", ["batch_size", 4, 3])], [("output", ["batch_size", 4, 2])], "output", 0, 0,
       input=numbers(9, 4, 3))

g = Graph()
gate = lambda act, h: g.add(act, g.add("Add", g.add("MatMul", "x", g.floats(3, 4)), g.add("MatMul", h, g.floats(4, 4))))
z, r = gate("Sigmoid", "h"), gate("Sigmoid", "h")
n = gate("Tanh", g.add("Mul", r, "h"))
g.add("Add", n, g.add("Mul", z, g.add("Sub", "h", n)), outputs=["h_next"])
g.dense("h_next", 4, 2, "y")
g.save("cell-written-out", [("h", [1, 4]), ("x", [1, 3])], [("h_next", [1, 4]), ("y", [1, 2])], "y", states={"h": "h_next"},
       x=numbers(5, 1, 3), h=np.zeros((1, 4)))

# no view can be derived, or it does not hold

g = Graph()
y, *_ = g.recur("GRU", g.turn("x", 1, 0, 2), 3, 4)
y = g.turn(g.squeeze(y, 1), 1, 0, 2)
g.dense(y, 4, 2, "activity")
g.dense(y, 4, 1, "heart_rate")
g.save("two-heads", [("x", ["B", "T", 3])], [("activity", ["B", "T", 2]), ("heart_rate", ["B", "T", 1])])

g = Graph()
y, *_ = g.recur("LSTM", g.turn(g.add("Concat", "mix", "reference", axis=2), 1, 0, 2), 5, 4)
g.dense(g.turn(g.squeeze(y, 1), 1, 0, 2), 4, 3, "clean")
g.save("two-streams", [("mix", ["B", "T", 3]), ("reference", ["B", "T", 2])], [("clean", ["B", "T", 3])])

g = Graph()
_, along, _ = g.recur("LSTM", g.add("ReduceMean", g.turn("x", 1, 0, 2, 3), axes=[2], keepdims=0), 3, 4)
_, across, _ = g.recur("LSTM", g.add("ReduceMean", g.turn("x", 2, 0, 1, 3), axes=[2], keepdims=0), 3, 4)
g.squeeze(g.add("Add", along, across), 0, "y")
g.save("two-times", [("x", ["B", "T", "S", 3])], [("y", ["B", 4])])

g = Graph()
x = g.add("ReduceMean", "x", axes=[2], keepdims=0)
y, *_ = g.recur("GRU", g.turn(x, 1, 0, 2), 3, 4)
g.turn(g.squeeze(y, 1), 1, 0, 2, out="y")
g.save("third-open-axis", [("x", ["B", "T", "objects", 3])], [("y", ["B", "T", 4])])

g = Graph()
# steps and batch are exchanged by a reshape instead of a transpose: sequences run into each other
x = g.add("Reshape", "x", g.add("Concat", g.add("Gather", g.add("Shape", "x"), g.ints(1)), g.add("Gather", g.add("Shape", "x"), g.ints(0)), g.ints(3), axis=0))
y, *_ = g.recur("GRU", x, 3, 4)
g.turn(g.squeeze(y, 1), 1, 0, 2, out="y")
g.save("reshaped-not-transposed", [("x", ["B", "T", 3])], [("y", ["B", "T", 4])])

g = Graph()
gate = lambda act: g.add(act, g.add("Add", g.add("MatMul", "x", g.floats(3, 4)), g.add("MatMul", "h", g.floats(4, 4))))
g.add("Add", g.add("Mul", gate("Sigmoid"), "c"), g.add("Mul", gate("Sigmoid"), gate("Tanh")), outputs=["c_next"])
g.add("Mul", gate("Sigmoid"), g.add("Tanh", "c_next"), outputs=["h_next"])
g.dense("h_next", 4, 2, "y")
g.save("two-states-written-out", [("x", [1, 3]), ("h", [1, 4]), ("c", [1, 4])], [("y", [1, 2]), ("h_next", [1, 4]), ("c_next", [1, 4])])

(folder / "feeds.json").write_text(json.dumps(feeds))

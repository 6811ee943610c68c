# Small graphs with the signatures that people's files have, with random weights. Writes onnx-signatures/*.onnx, and
# answers.json with inputs for each; make-onnx-signatures.mjs then adds what ONNX Runtime answers.
# Run: python3 make-onnx-signatures.py && node make-onnx-signatures.mjs
import json
import pathlib

import numpy as np
from onnx import TensorProto as T, checker, helper, numpy_helper, save

rng = np.random.default_rng(11)
folder = pathlib.Path(__file__).parent / "onnx-signatures"
folder.mkdir(exist_ok=True)
answers = {}
F, D, H16, I8, U8, I32, I64, B = T.FLOAT, T.DOUBLE, T.FLOAT16, T.INT8, T.UINT8, T.INT32, T.INT64, T.BOOL
names = {F: "FP32", D: "FP64", H16: "FP16", I8: "INT8", U8: "UINT8", I32: "INT32", I64: "INT64", B: "BOOL"}
node = helper.make_node


def tensor(name, values, dtype=np.float32):
    return numpy_helper.from_array(np.asarray(values, dtype=dtype), name)


def weights(name, *shape):
    return tensor(name, (rng.standard_normal(shape) * 0.5).round(3))


def cell(name, gates, inputs, units, directions=1):
    return [weights(f"{name}.W", directions, gates * units, inputs), weights(f"{name}.R", directions, gates * units, units),
            weights(f"{name}.B", directions, 2 * gates * units)]


def write(name, nodes, inputs, outputs, constants, *feeds, opset=13, ir=8, listed=()):
    """inputs, outputs: [name, type, shape]. feeds: shapes or values by input."""
    info = helper.make_tensor_value_info
    graph = helper.make_graph(nodes, name, [info(*one) for one in inputs] + list(listed), [info(*one) for one in outputs], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=ir)
    if all(shape is not None for _, _, shape in inputs + outputs) and name != "branches-of-two-shapes":
        checker.check_model(model)
    save(model, str(folder / f"{name}.onnx"))
    answers[name] = [{"inputs": [given(one, feed[one[0]]) for one in inputs]} for feed in feeds]


def given(declared, value):
    name, kind, _ = declared
    if isinstance(value, tuple):
        value = rng.standard_normal(value).round(3)
    value = np.asarray(value)
    return {"name": name, "datatype": names[kind], "shape": list(value.shape), "data": value.reshape(-1).tolist()}


def ids(shape, count=7):
    return rng.integers(0, count, shape)


squeeze = [tensor("one", [1], np.int64)]

write("time-major-states",
      [node("LSTM", ["x", "l.W", "l.R", "l.B", "", "h0", "c0"], ["y4", "hn", "cn"], hidden_size=4), node("Squeeze", ["y4", "one"], ["y"])],
      [["x", F, ["T", "N", 3]], ["h0", F, [1, "N", 4]], ["c0", F, [1, "N", 4]]],
      [["y", F, ["T", "N", 4]], ["hn", F, [1, "N", 4]], ["cn", F, [1, "N", 4]]],
      cell("l", 4, 3, 4) + squeeze,
      {"x": (5, 2, 3), "h0": (1, 2, 4), "c0": (1, 2, 4)}, {"x": (1, 1, 3), "h0": (1, 1, 4), "c0": (1, 1, 4)})
# states before the input, whose shapes are those of an output with another meaning
write("states-first",
      [node("LSTM", ["obs", "l.W", "l.R", "l.B", "", "h", "c"], ["y4", "h_out", "c_out"], hidden_size=3)],
      [["c", F, [1, "N", 3]], ["h", F, [1, "N", 3]], ["obs", F, ["T", "N", 3]]],
      [["c_out", F, [1, "N", 3]], ["h_out", F, [1, "N", 3]], ["y4", F, ["T", 1, "N", 3]]],
      cell("l", 4, 3, 3), {"c": (1, 2, 3), "h": (1, 2, 3), "obs": (4, 2, 3)})
write("step-fixed-batch",
      [node("Unsqueeze", ["obs", "zero"], ["x"]), node("GRU", ["x", "g.W", "g.R", "g.B", "", "state"], ["y4", "state_out"], hidden_size=4, linear_before_reset=1),
       node("Squeeze", ["state_out", "zero"], ["row"]), node("Gemm", ["row", "w", "b"], ["logits"])],
      [["obs", F, [1, 5]], ["state", F, [1, 1, 4]]], [["logits", F, [1, 2]], ["state_out", F, [1, 1, 4]]],
      cell("g", 3, 5, 4) + [weights("w", 4, 2), weights("b", 2), tensor("zero", [0], np.int64)],
      {"obs": (1, 5), "state": (1, 1, 4)}, {"obs": (1, 5), "state": (1, 1, 4)})
write("batch-first-bidirectional",
      [node("Transpose", ["x"], ["xt"], perm=[1, 0, 2]), node("GRU", ["xt", "g.W", "g.R", "g.B"], ["y4", "h"], hidden_size=3, direction="bidirectional"),
       node("Transpose", ["y4"], ["yb"], perm=[2, 0, 1, 3]), node("Reshape", ["yb", "shape"], ["y"])],
      [["x", F, ["batch", "seq", 2]]], [["y", F, ["batch", "seq", 6]]],
      cell("g", 3, 2, 3, 2) + [tensor("shape", [0, 0, 6], np.int64)], {"x": (2, 4, 2)}, {"x": (1, 1, 2)}, {"x": (3, 7, 2)})
write("lengths-int32",
      [node("RNN", ["x", "r.W", "r.R", "r.B", "lengths"], ["y4", "h"], hidden_size=3), node("Squeeze", ["y4", "one"], ["y"])],
      [["lengths", I32, ["N"]], ["x", F, ["T", "N", 2]]], [["y", F, ["T", "N", 3]], ["h", F, [1, "N", 3]]],
      cell("r", 1, 2, 3) + squeeze, {"lengths": [3, 1], "x": (4, 2, 2)}, {"lengths": [4, 4], "x": (4, 2, 2)})
write("heads-of-three-types",
      [node("LSTM", ["x", "l.W", "l.R", "l.B"], ["", "h3"], hidden_size=4), node("Squeeze", ["h3", "zero"], ["h"]), node("MatMul", ["h", "w"], ["logits"]),
       node("Softmax", ["logits"], ["probabilities"], axis=-1), node("ArgMax", ["logits"], ["label"], axis=-1, keepdims=0), node("Greater", ["logits", "half"], ["over"])],
      [["x", F, ["T", "N", 3]]], [["label", I64, ["N"]], ["over", B, ["N", 5]], ["probabilities", F, ["N", 5]]],
      cell("l", 4, 3, 4) + [weights("w", 4, 5), tensor("half", 0.1), tensor("zero", [0], np.int64)], {"x": (6, 3, 3)})
write("float16",
      [node("Cast", ["x"], ["xf"], to=F), node("LSTM", ["xf", "l.W", "l.R", "l.B"], ["yf"], hidden_size=3), node("Cast", ["yf"], ["y"], to=H16)],
      [["x", H16, ["T", "N", 2]]], [["y", H16, ["T", 1, "N", 3]]], cell("l", 4, 2, 3), {"x": np.float16(rng.standard_normal((3, 2, 2)))})
write("float64",
      [node("MatMul", ["x", "w"], ["xw"]), node("Tanh", ["xw"], ["y"])], [["x", D, ["N", 3]]], [["y", D, ["N", 2]]],
      [tensor("w", rng.standard_normal((3, 2)).round(3), np.float64)], {"x": (4, 3)})
write("bool-mask",
      [node("Unsqueeze", ["mask", "two"], ["wide"]), node("Where", ["wide", "x", "zero"], ["y"]), node("Not", ["mask"], ["padding"])],
      [["x", F, ["N", "T", 2]], ["mask", B, ["N", "T"]]], [["y", F, ["N", "T", 2]], ["padding", B, ["N", "T"]]],
      [tensor("two", [2], np.int64), tensor("zero", 0.0)], {"x": (2, 3, 2), "mask": [[True, True, False], [True, False, False]]})
for kind, label in ((U8, "uint8"), (I32, "int32"), (I64, "int64")):
    write(f"ids-{label}",
          [node("Cast", ["tokens"], ["whole"], to=I64), node("Gather", ["table", "whole"], ["e"]), node("GRU", ["e", "g.W", "g.R", "g.B"], ["y4", "h"], hidden_size=3)],
          [["tokens", kind, ["T", "N"]]], [["h", F, [1, "N", 3]]], [weights("table", 7, 4)] + cell("g", 3, 4, 3), {"tokens": ids((5, 2))}, {"tokens": ids((1, 1))})
write("int8-in-and-out",
      [node("Cast", ["x"], ["xf"], to=F), node("Mul", ["xf", "scale"], ["scaled"]), node("Round", ["scaled"], ["r"]), node("Cast", ["r"], ["y"], to=I8)],
      [["x", I8, ["N", 4]]], [["y", I8, ["N", 4]]], [tensor("scale", 0.37)], {"x": [[-128, -5, 0, 127], [1, 2, 3, 4]]})
write("scalars",
      [node("Mul", ["x", "gain"], ["y"]), node("Mul", ["rate", "rate"], ["square"])],
      [["x", F, ["N", 2]], ["rate", I64, []], ["gain", F, []]], [["y", F, ["N", 2]], ["square", I64, []]], [], {"x": (2, 2), "rate": np.int64(16000), "gain": np.float32(0.5)})
write("empty-batch",
      [node("MatMul", ["x", "w"], ["a"]), node("Relu", ["a"], ["y"]), node("ReduceSum", ["y", "axis"], ["total"], keepdims=0)],
      [["x", F, ["N", 3]]], [["y", F, ["N", 2]], ["total", F, [2]]], [weights("w", 3, 2), tensor("axis", [0], np.int64)], {"x": np.zeros((0, 3))}, {"x": (1, 3)})
write("fixed-batch-and-steps",
      [node("Transpose", ["signal"], ["x"], perm=[1, 0, 2]), node("LSTM", ["x", "l.W", "l.R", "l.B"], ["y4", "h3"], hidden_size=3), node("Reshape", ["h3", "shape"], ["answer"])],
      [["signal", F, [1, 6, 2]]], [["answer", F, [1, 3]]], cell("l", 4, 2, 3) + [tensor("shape", [1, 3], np.int64)], {"signal": (1, 6, 2)})
write("names-with-everything",
      [node("Tanh", ["serving/default input:0"], ["été (1)"]), node("Neg", ["été (1)"], ["StatefulPartitionedCall/out put:0"])],
      [["serving/default input:0", F, ["unk__0", 3]]], [["StatefulPartitionedCall/out put:0", F, ["unk__0", 3]], ["été (1)", F, ["unk__0", 3]]], [], {"serving/default input:0": (2, 3)})
write("names-of-ours",
      [node("Mul", ["lengths", "ids"], ["output"]), node("Add", ["input", "output"], ["text"])],
      [["lengths", F, ["a", 2]], ["ids", F, [2]], ["input", F, ["a", 2]]], [["text", F, ["a", 2]], ["output", F, ["a", 2]]], [],
      {"lengths": (3, 2), "ids": (2,), "input": (3, 2)})
two = [tensor(f"at{i}", [i], np.int64) for i in range(3)]
write("stacked-states",
      [node("Slice", ["h", "at0", "at1"], ["h0"]), node("Slice", ["h", "at1", "at2"], ["h1"]), node("GRU", ["x", "a.W", "a.R", "a.B", "", "h0"], ["a4", "ha"], hidden_size=3),
       node("Squeeze", ["a4", "at1"], ["a"]), node("GRU", ["a", "b.W", "b.R", "b.B", "", "h1"], ["b4", "hb"], hidden_size=3), node("Concat", ["ha", "hb"], ["h_next"], axis=0),
       node("Squeeze", ["b4", "at1"], ["y"])],
      [["x", F, ["T", "N", 2]], ["h", F, [2, "N", 3]]], [["y", F, ["T", "N", 3]], ["h_next", F, [2, "N", 3]]],
      cell("a", 3, 2, 3) + cell("b", 3, 3, 3) + two, {"x": (4, 2, 2), "h": (2, 2, 3)})
write("attention-decoder",
      [node("Gather", ["table", "token"], ["e"]), node("Transpose", ["memory"], ["mt"], perm=[0, 2, 1]), node("Transpose", ["state"], ["q"], perm=[1, 0, 2]),
       node("MatMul", ["q", "mt"], ["scores"]), node("Softmax", ["scores"], ["attention"], axis=-1), node("MatMul", ["attention", "memory"], ["context"]),
       node("Squeeze", ["context", "at1"], ["c"]), node("Concat", ["e", "c"], ["ec"], axis=1), node("Unsqueeze", ["ec", "at0"], ["x"]),
       node("GRU", ["x", "g.W", "g.R", "g.B", "", "state"], ["y4", "next_state"], hidden_size=3), node("Squeeze", ["next_state", "at0"], ["row"]), node("MatMul", ["row", "w"], ["logits"])],
      [["token", I64, ["N"]], ["state", F, [1, "N", 3]], ["memory", F, ["N", "S", 3]]],
      [["logits", F, ["N", 7]], ["next_state", F, [1, "N", 3]], ["attention", F, ["N", 1, "S"]]],
      [weights("table", 7, 2), weights("w", 3, 7)] + cell("g", 3, 5, 3) + two, {"token": [1, 6], "state": (1, 2, 3), "memory": (2, 5, 3)})
write("streams-of-two-lengths",
      [node("RNN", ["a", "a.W", "a.R", "a.B"], ["", "ha"], hidden_size=2), node("RNN", ["b", "b.W", "b.R", "b.B"], ["", "hb"], hidden_size=2, direction="reverse"), node("Concat", ["ha", "hb"], ["y"], axis=2)],
      [["a", F, ["Ta", "N", 2]], ["b", F, ["Tb", "N", 3]]], [["y", F, [1, "N", 4]]], cell("a", 1, 2, 2) + cell("b", 1, 3, 2), {"a": (3, 2, 2), "b": (5, 2, 3)})
# shapes that depend on values
write("cut-to-longest",
      [node("ReduceMax", ["lengths"], ["longest"], keepdims=1), node("Slice", ["x", "at0", "longest", "at0"], ["cut"]), node("Cast", ["lengths"], ["l32"], to=I32),
       node("GRU", ["cut", "g.W", "g.R", "g.B", "l32"], ["y4", "h"], hidden_size=3), node("Squeeze", ["y4", "at1"], ["y"])],
      [["x", F, ["T", "N", 2]], ["lengths", I64, ["N"]]], [["y", F, ["S", "N", 3]]], cell("g", 3, 2, 3) + two,
      {"x": (6, 2, 2), "lengths": [4, 2]}, {"x": (6, 2, 2), "lengths": [1, 3]})
write("counts-up", [node("Range", ["zero", "n", "step"], ["y"])], [["n", I64, []]], [["y", I64, ["n"]]],
      [tensor("zero", 0, np.int64), tensor("step", 1, np.int64)], {"n": np.int64(4)}, {"n": np.int64(0)})
branch = lambda name, op: helper.make_graph([op], name, [], [helper.make_tensor_value_info(f"{name}_y", F, None)])
write("branches-of-two-shapes",
      [node("If", ["whole"], ["y"], then_branch=branch("then", node("Identity", ["x"], ["then_y"])), else_branch=branch("else", node("ReduceSum", ["x", "at1"], ["else_y"], keepdims=0)))],
      [["x", F, ["N", 3]], ["whole", B, []]], [["y", F, None]], two, {"x": (2, 3), "whole": np.bool_(True)}, {"x": (2, 3), "whole": np.bool_(False)})
info = helper.make_tensor_value_info
body = helper.make_graph([node("MatMul", ["s", "w"], ["sw"]), node("Tanh", ["sw"], ["s_out"]), node("Identity", ["cond"], ["cond_out"])], "body",
                         [info("i", I64, []), info("cond", B, []), info("s", F, ["N", 3])], [info("cond_out", B, []), info("s_out", F, ["N", 3])])
write("loop-count-given", [node("Loop", ["n", "", "x"], ["y"], body=body)], [["x", F, ["N", 3]], ["n", I64, []]], [["y", F, ["N", 3]]], [weights("w", 3, 3)],
      {"x": (2, 3), "n": np.int64(3)}, {"x": (2, 3), "n": np.int64(0)})
step = helper.make_graph([node("Add", ["s", "row"], ["t"]), node("Tanh", ["t"], ["s_out"]), node("Identity", ["s_out"], ["o"])], "step",
                         [info("s", F, ["N", 2]), info("row", F, ["N", 2])], [info("s_out", F, ["N", 2]), info("o", F, ["N", 2])])
write("scan", [node("Scan", ["s0", "x"], ["s", "y"], body=step, num_scan_inputs=1)], [["s0", F, ["N", 2]], ["x", F, ["T", "N", 2]]],
      [["s", F, ["N", 2]], ["y", F, ["T", "N", 2]]], [], {"s0": (2, 2), "x": (4, 2, 2)})
write("constants-and-inputs-out",
      [node("Identity", ["version"], ["version_number"]), node("Identity", ["x"], ["copy"]), node("Shape", ["x"], ["shape"]), node("Relu", ["x"], ["y"]), node("Identity", ["y"], ["again"])],
      [["x", F, ["N", 2]]], [["version_number", F, [1]], ["copy", F, ["N", 2]], ["y", F, ["N", 2]], ["again", F, ["N", 2]], ["shape", I64, [2]]], [tensor("version", [3.0])], {"x": (3, 2)})
write("text-line",
      [node("Conv", ["image", "k", "kb"], ["c"], pads=[1, 1, 1, 1]), node("Relu", ["c"], ["r"]), node("MaxPool", ["r"], ["p"], kernel_shape=[2, 2], strides=[2, 2]),
       node("Reshape", ["p", "flat"], ["f"]), node("Transpose", ["f"], ["x"], perm=[2, 0, 1]), node("LSTM", ["x", "l.W", "l.R", "l.B"], ["y4"], hidden_size=3, direction="bidirectional"),
       node("Transpose", ["y4"], ["yt"], perm=[0, 2, 1, 3]), node("Reshape", ["yt", "wide"], ["yw"]), node("MatMul", ["yw", "w"], ["logits"]), node("LogSoftmax", ["logits"], ["log_probs"], axis=-1)],
      [["image", F, ["N", 1, 4, "W"]]], [["log_probs", F, [None, "N", 4]]],
      [weights("k", 2, 1, 3, 3), weights("kb", 2), tensor("flat", [0, 4, -1], np.int64), tensor("wide", [0, 0, 6], np.int64), weights("w", 6, 4)] + cell("l", 4, 4, 3, 2),
      {"image": (2, 1, 4, 6)}, {"image": (1, 1, 4, 9)})
write("large-integers", [node("Add", ["x", "offset"], ["y"])], [["x", I64, ["N"]]], [["y", I64, ["N"]]], [tensor("offset", 2**40, np.int64)], {"x": [0, -(2**41), 123456789012]})
write("any-rank", [node("Tanh", ["x"], ["y"])], [["x", F, None]], [["y", F, None]], [], {"x": (2, 3)}, {"x": (4,)}, {"x": (1, 2, 1, 3)})
write("weights-listed-as-inputs", [node("MatMul", ["x", "w"], ["y"])], [["x", F, ["N", 2]]], [["y", F, ["N", 3]]], [weights("w", 2, 3)], {"x": (2, 2)},
      ir=3, listed=[info("w", F, [2, 3])], opset=9)
write("scalar-out", [node("ReduceMean", ["x"], ["loss"], keepdims=0)], [["x", F, ["N", 2]]], [["loss", F, []]], [], {"x": (5, 2)})

(folder / "answers.json").write_text(json.dumps(answers))
print(len(answers), "graphs")

"""Writes torch.json: small recurrent networks with random weights and what PyTorch makes of a random sequence.

    /usr/bin/python3 test/golden/make-torch.py

Made with Debian's python3-torch 1.13. The tests read the JSON; Python is not needed to run them.
"""
import json
from pathlib import Path

import torch

STEPS, INPUTS, UNITS, VOCABULARY, CLASSES = 9, 3, 5, 11, 4

RECURRENT = {
    "rnn tanh": ("RNN", {"nonlinearity": "tanh"}, {"cell": "rnn", "activation": "tanh"}),
    "rnn relu": ("RNN", {"nonlinearity": "relu"}, {"cell": "rnn", "activation": "relu"}),
    "lstm": ("LSTM", {}, {"cell": "lstm"}),
    "gru": ("GRU", {}, {"cell": "gru", "reset": "after"}),
}
SHAPES = {
    "one layer": {},
    "two layers": {"num_layers": 2},
    "bidirectional": {"bidirectional": True},
    "two bidirectional layers": {"num_layers": 2, "bidirectional": True},
}


def numbers(tensor):
    """float32 in as few digits as give its bits back."""
    return [float(f"{value:.9g}") for value in tensor.detach().flatten().tolist()]


def recurrent_tensors(module, name):
    """PyTorch's weight_ih_l1_reverse is our <name>.1.backward.weight_ih."""
    for key, value in module.named_parameters():
        kind, _, place = key.rpartition("_l")
        level, _, reverse = place.partition("_")
        yield f"{name}.{level}.{'backward' if reverse else 'forward'}.{kind}", value


def case(title, layers, tensors, sequence, output):
    return {
        "title": title,
        "layers": layers,
        "weights": {key: {"shape": list(value.shape), "values": numbers(value)} for key, value in tensors},
        "input": sequence,
        "output": [numbers(row) for row in output],
    }


def recurrent_case(cell, shape):
    kind, options, spec = RECURRENT[cell]
    module = getattr(torch.nn, kind)(INPUTS, UNITS, **options, **SHAPES[shape])
    x = torch.randn(STEPS, INPUTS)
    layer = {
        "type": "recurrent",
        **spec,
        "units": UNITS,
        "layers": SHAPES[shape].get("num_layers", 1),
        "bidirectional": SHAPES[shape].get("bidirectional", False),
    }
    tensors = recurrent_tensors(module, "recurrent_0")
    return case(f"{cell}, {shape}", [layer], tensors, [numbers(row) for row in x], module(x)[0])


def classifier_case():
    embedding = torch.nn.Embedding(VOCABULARY, INPUTS)
    gru = torch.nn.GRU(INPUTS, UNITS)
    dense = torch.nn.Linear(UNITS, CLASSES)
    ids = torch.randint(0, VOCABULARY, (STEPS,))
    layers = [
        {"type": "embedding", "vocabulary": VOCABULARY, "units": INPUTS},
        {"type": "recurrent", "name": "encoder", "cell": "gru", "units": UNITS},
        {"type": "dense", "name": "classes", "units": CLASSES, "activation": "softmax"},
    ]
    tensors = [
        ("embedding_0.weight", embedding.weight),
        *recurrent_tensors(gru, "encoder"),
        ("classes.weight", dense.weight),
        ("classes.bias", dense.bias),
    ]
    output = torch.softmax(dense(gru(embedding(ids))[0]), dim=-1)
    return case("embedding, gru, softmax", layers, tensors, ids.tolist(), output)


torch.manual_seed(20)
cases = [recurrent_case(cell, shape) for shape in SHAPES for cell in RECURRENT] + [classifier_case()]
lines = ",\n".join(json.dumps(one, separators=(",", ":")) for one in cases)
Path(__file__).with_name("torch.json").write_text(f"[\n{lines}\n]\n")

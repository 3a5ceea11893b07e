"""
Writes examples/bring-your-own.onnx: any PyTorch model, exported as it is to be trained. Needs PyTorch.

What matters in the call of torch.onnx.export:
- training=TRAINING keeps batch norm and dropout as they are in training, and every weight under its own name;
- do_constant_folding=False leaves the weights as they are;
- dynamic_axes leaves the batch size free.
"""

import os

import torch
import torch.nn as nn

torch.manual_seed(1)
model = nn.Sequential(
    nn.Conv2d(1, 8, 3, padding=1, bias=False),
    nn.BatchNorm2d(8),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Conv2d(8, 16, 3, stride=2, padding=1, bias=False),
    nn.BatchNorm2d(16),
    nn.SiLU(),
    nn.Flatten(),
    nn.Dropout(0.1),
    nn.Linear(16 * 7 * 7, 10),
).train()

torch.onnx.export(
    model,
    torch.zeros(2, 1, 28, 28),
    os.path.join(os.path.dirname(os.path.abspath(__file__)), "bring-your-own.onnx"),
    opset_version=17,
    training=torch.onnx.TrainingMode.TRAINING,
    do_constant_folding=False,
    input_names=["image"],
    output_names=["digit"],
    dynamic_axes={"image": {0: "batch"}, "digit": {0: "batch"}},
)

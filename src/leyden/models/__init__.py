"""Networks: pure `nn.Module`s with plain keyword arguments.

Every family has the size knobs `width` and `depth`, names its readout `head` (and its first
convolution `stem`), and says in `kinds` which kinds of data it reads. All are given `input_shape`
and `num_outputs` where they ask for them, and of text `vocab_size` and `context`. `text_tasks` says
what is done with text; `frozen_arguments`, what a run keeps of files in its config.
"""

from leyden.models.cnn import CNN
from leyden.models.gpt import GPT
from leyden.models.hf_classifier import HFClassifier
from leyden.models.mlp import MLP
from leyden.models.resnet import ResNet
from leyden.models.rnn import RNN
from leyden.models.timm_model import timm_model
from leyden.models.torchvision_model import torchvision_model
from leyden.models.vgg import VGG

__all__ = [
    "CNN",
    "GPT",
    "MLP",
    "RNN",
    "VGG",
    "HFClassifier",
    "ResNet",
    "timm_model",
    "torchvision_model",
]

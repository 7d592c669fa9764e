"""Parts of other libraries that a config may name: layers, optimizers, transforms, metrics, models.

Three rules let a name in; whatever none of them covers is refused, also in a later version:

- Of `DEFINED_IN`, every class that the named packages define themselves. Their constructors keep
  numbers, tensors and other parts, and fetch nothing of their own accord. `library_arguments` sees
  to it that no text reaches them but the words that they choose by, so a config can't direct them
  to a file, an address, a module or code, and neither can it direct a class that comes later.
- Of `LISTED`, the names that stand there. Others in these modules fetch learned weights.
- Of `MODELS`, the networks: classes, and the functions that torchvision has registered as builders,
  which fetch weights by parameters of known names alone.

A name is one of these only under the name that it was defined by, so an alias lets nothing in.
"""

import inspect
from importlib import import_module
from typing import Any

from leyden.errors import suggestion

NUMBERS = tuple(
    f"torchmetrics.{name}"
    for name in (
        *("classification", "clustering", "nominal", "regression", "retrieval"),
        *("segmentation", "shape", "wrappers"),
    )
)
"""Packages of metrics that are computed from numbers, or from other metrics."""

DEFINED_IN: dict[str, tuple[str, ...]] = {
    "torch.nn": ("torch.nn.modules",),
    "torch.optim": ("torch.optim",),
    "torch.optim.lr_scheduler": ("torch.optim.lr_scheduler",),
    "torchmetrics": ("torchmetrics.aggregation", "torchmetrics.collections", *NUMBERS),
    **{name: (name,) for name in NUMBERS},
    "torchvision.transforms": ("torchvision.transforms",),
    "torchvision.transforms.v2": ("torchvision.transforms",),
}
"""Packages that have to define the classes of a module."""

LISTED = {
    "torch.utils.data": (
        "BatchSampler ChainDataset ConcatDataset DataLoader DistributedSampler RandomSampler"
        " SequentialSampler StackDataset Subset SubsetRandomSampler TensorDataset"
        " WeightedRandomSampler default_collate default_convert"
    ),
    "torchmetrics.audio": (
        "ComplexScaleInvariantSignalNoiseRatio PermutationInvariantTraining"
        " ScaleInvariantSignalDistortionRatio ScaleInvariantSignalNoiseRatio SignalDistortionRatio"
        " SignalNoiseRatio SourceAggregatedSignalDistortionRatio"
    ),
    "torchmetrics.detection": (
        "CompleteIntersectionOverUnion DistanceIntersectionOverUnion"
        " GeneralizedIntersectionOverUnion IntersectionOverUnion MeanAveragePrecision"
        " ModifiedPanopticQuality PanopticQuality"
    ),
    "torchmetrics.image": (
        "ErrorRelativeGlobalDimensionlessSynthesis MultiScaleStructuralSimilarityIndexMeasure"
        " PeakSignalNoiseRatio PeakSignalNoiseRatioWithBlockedEffect QualityWithNoReference"
        " RelativeAverageSpectralError RootMeanSquaredErrorUsingSlidingWindow"
        " SpatialCorrelationCoefficient SpatialDistortionIndex SpectralAngleMapper"
        " SpectralDistortionIndex StructuralSimilarityIndexMeasure TotalVariation"
        " UniversalImageQualityIndex VisualInformationFidelity"
    ),
    "torchmetrics.multimodal": "LipVertexError",
    "torchmetrics.text": (
        "BLEUScore CHRFScore CharErrorRate EditDistance ExtendedEditDistance MatchErrorRate"
        " Perplexity SQuAD SacreBLEUScore TranslationEditRate WordErrorRate WordInfoLost"
        " WordInfoPreserved"
    ),
}
"""Names that a config may use, by module."""

MODELS = tuple(
    f"torchvision.models{name}"
    for name in ("", ".detection", ".optical_flow", ".segmentation", ".video")
)
"""Modules of networks. `torchvision.models.quantization` is for inference with fetched weights."""

LIBRARY_MODULES = tuple(sorted({*DEFINED_IN, *LISTED, *MODELS}))

USER_CODE = "wrap it in a class of your own, in a package that LEYDEN_PACKAGES names"
FETCHES = f"it fetches a network with its weights; {USER_CODE}"
BASE = "it is a base class; name one that is derived from it, or derive your own"
BY_NAME = "name the network itself, such as torchvision.models.resnet18"
NO_WEIGHTS = "they would be fetched; name the network alone, and load a file by `init_from=FILE`"

ALIAS = "is not a class of this module's own; if it is an alias, name it where it is defined"

REFUSED = {
    "torch.nn.DataParallel": "use `trainer.devices`",
    "torch.nn.Module": BASE,
    "torch.nn.ParameterDict": f"a config has no tensors; {USER_CODE}",
    "torch.nn.ParameterList": f"a config has no tensors; {USER_CODE}",
    "torch.optim.Optimizer": BASE,
    "torch.optim.lr_scheduler.LRScheduler": BASE,
    "torch.utils.data.Dataset": BASE,
    "torch.utils.data.IterableDataset": BASE,
    "torch.utils.data.Sampler": BASE,
    "torch.utils.data.random_split": "use `torch.utils.data.Subset`",
    "torchmetrics.audio.DeepNoiseSuppressionMeanOpinionScore": FETCHES,
    "torchmetrics.audio.NonIntrusiveSpeechQualityAssessment": FETCHES,
    "torchmetrics.image.ARNIQA": FETCHES,
    "torchmetrics.image.DeepImageStructureAndTextureSimilarity": FETCHES,
    "torchmetrics.image.FrechetInceptionDistance": FETCHES,
    "torchmetrics.image.InceptionScore": FETCHES,
    "torchmetrics.image.KernelInceptionDistance": FETCHES,
    "torchmetrics.image.LearnedPerceptualImagePatchSimilarity": FETCHES,
    "torchmetrics.image.MemorizationInformedFrechetInceptionDistance": FETCHES,
    "torchmetrics.image.PerceptualPathLength": FETCHES,
    "torchmetrics.multimodal.CLIPImageQualityAssessment": FETCHES,
    "torchmetrics.multimodal.CLIPScore": FETCHES,
    "torchmetrics.text.BERTScore": FETCHES,
    "torchmetrics.text.InfoLM": FETCHES,
    "torchmetrics.text.ROUGEScore": f"it fetches data of NLTK; {USER_CODE}",
    "torchmetrics.wrappers.FeatureShare": f"it is for metrics that fetch networks; {USER_CODE}",
    "torchmetrics.wrappers.MetricInputTransformer": BASE,
    "torchvision.models.get_model": BY_NAME,
    "torchvision.models.get_model_builder": BY_NAME,
    "torchvision.models.get_model_weights": NO_WEIGHTS,
    "torchvision.models.get_weight": NO_WEIGHTS,
    "torchvision.models.list_models": BY_NAME,
}
"""What to do instead."""


def refused_name(path: str) -> str | None:
    """What to do instead of a name that is refused by its text alone, or None.

    Args:
        path: Dotted path in one of `LIBRARY_MODULES`, or elsewhere.
    """
    module, _, name = path.rpartition(".")
    if path in REFUSED:
        return REFUSED[path]
    if module in MODELS and name.lower().endswith("weights"):
        return NO_WEIGHTS
    if module in LISTED and name not in LISTED[module].split():
        return suggestion(name, LISTED[module].split())
    return None


def is_library_part(found: Any, path: str) -> bool:
    """Whether what was found at a path of one of `LIBRARY_MODULES` is a part under its own name."""
    module, _, name = path.rpartition(".")
    if getattr(found, "__name__", None) != name:
        return False
    if module in MODELS:
        return _is_defined_in(found, (module,)) and _is_network(found)
    if module in DEFINED_IN:
        return inspect.isclass(found) and _is_defined_in(found, DEFINED_IN[module])
    is_callable = inspect.isclass(found) or inspect.isfunction(found)
    return is_callable and _is_defined_in(found, (module,))


def _is_defined_in(found: Any, packages: tuple[str, ...]) -> bool:
    return any(f"{found.__module__}.".startswith(f"{package}.") for package in packages)


def _is_network(found: Any) -> bool:
    """Whether it is a class of networks, or a function that torchvision lists as a builder."""
    if inspect.isclass(found):
        base: type = import_module("torch.nn").Module
        return issubclass(found, base)
    models = import_module("torchvision.models")
    name = found.__name__
    return name in models.list_models() and models.get_model_builder(name) is found

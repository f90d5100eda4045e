"""CLIP of a preset as networks: from raw pixels or tokens to embeddings, and to probabilities."""

import dataclasses
import logging
from dataclasses import dataclass
from typing import Any, Literal

import keras
import numpy as np

from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.models.hub.hub_presets import Preset
from keras_transfer.system.errors import ConfigError

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, eq=False)
class Clip:
    """CLIP with its weights, and how it takes images."""

    preset: Preset
    backbone: Any
    """A `keras_hub.models.CLIPBackbone`."""
    converter: Any
    """A `keras_hub.layers.ImageConverter`."""

    @property
    def image_size(self) -> int:
        """Side of its images in pixels."""
        return int(self.backbone.vision_encoder.image_shape[0])

    @property
    def logit_scale(self) -> float:
        """By which similarities are multiplied before softmax; the preset has learned it."""
        return float(np.exp(np.array(self.backbone.clip_head.logit_scale, np.float64)))


def load_clip(preset: Preset) -> Clip:
    """Return the backbone with its weights, and what prepares its images.

    Raises:
        ConfigError: They cannot be had, or do not fit one another.
    """
    preset = preset.fetch_weights()
    clip = Clip(
        preset=preset,
        backbone=preset.load_backbone(),
        converter=preset.load_image_converter(),
    )
    if not np.isfinite(clip.logit_scale):
        raise ConfigError(
            "A preset's weights must be finite numbers. Received: "
            f"{preset.source}, whose logit scale is not. Use another preset."
        )
    return clip


def settle_images(clip: Clip, data: DataConfig) -> DataConfig:
    """Return the settings by which images become squares as the preset had them.

    They are resized with antialiasing in any case, which the preset may say otherwise.
    """
    converter = clip.converter
    resize: Literal["crop", "pad", "stretch"] = "stretch"
    if converter.crop_to_aspect_ratio:
        resize = "crop"
    elif converter.pad_to_aspect_ratio:
        resize = "pad"
    kind: Literal["bilinear", "bicubic"] = "bicubic"
    if converter.interpolation != "bicubic":
        kind = "bilinear"
    if converter.interpolation not in ("bilinear", "bicubic"):
        logger.warning("Images are resized bilinear, not %s", converter.interpolation)
    return dataclasses.replace(data, image_size=clip.image_size, resize=resize, interpolation=kind)


def build_image_tower(clip: Clip) -> keras.Model:
    """Return the network from images (batch, size, size, 3), raw RGB in `[0, 255]`, to embeddings.

    Embeddings are (batch, channels), float32, of any length.
    """
    images = keras.Input((clip.image_size, clip.image_size, 3), name="images")
    return keras.Model(images, _embed_images(clip, images), name="image_tower")


def build_text_tower(clip: Clip) -> keras.Model:
    """Return the network from tokens (batch, length), int32, to embeddings (batch, channels)."""
    tokens = keras.Input((None,), dtype="int32", name="token_ids")
    return keras.Model(tokens, clip.backbone.get_text_embeddings(tokens), name="text_tower")


def build_classifier(clip: Clip, class_embeddings: np.ndarray) -> keras.Model:
    """Return the network from raw images to probabilities (batch, classes).

    It has classes of Keras and KerasHub only, and no text encoder.

    Args:
        clip: Its image tower, by reference.
        class_embeddings: (classes, channels), each of length 1.
    """
    images = keras.Input((clip.image_size, clip.image_size, 3), name="images")
    embedded = keras.layers.UnitNormalization(name="embedding")(_embed_images(clip, images))
    similarity = keras.layers.Dense(len(class_embeddings), use_bias=False, name="similarity")
    probabilities = keras.layers.Softmax(name="probabilities")(similarity(embedded))
    similarity.set_weights([(clip.logit_scale * class_embeddings.T).astype("float32")])
    return keras.Model(images, probabilities, name="zero_shot")


def _embed_images(clip: Clip, images: Any) -> Any:
    backbone, converter = clip.backbone, clip.converter
    scaled = images
    if converter.scale is not None or converter.offset is not None:
        scale = 1.0 if converter.scale is None else converter.scale
        offset = 0.0 if converter.offset is None else converter.offset
        scaled = keras.layers.Rescaling(scale, offset, name="scale")(images)
    seen = backbone.vision_pooler(backbone.vision_encoder({"images": scaled}))
    return backbone.vision_projection(seen)

"""Tiny presets of KerasHub, written by its own `save_to_preset`."""

import json

SIZE = 32


def write_vit(folder, patch=16):
    """A Vision Transformer of one block with its converter; images of 32 x 32, 8 features."""
    import keras_hub

    backbone = keras_hub.models.ViTBackbone(
        image_shape=(SIZE, SIZE, 3),
        patch_size=patch,
        num_layers=1,
        num_heads=2,
        hidden_dim=8,
        mlp_dim=16,
    )
    backbone.save_to_preset(str(folder))
    converter = keras_hub.layers.ViTImageConverter(
        image_size=(SIZE, SIZE), scale=1 / 127.5, offset=-1.0
    )
    converter.save_to_preset(str(folder))
    return backbone


def write_resnet(folder):
    """A ResNet of two stacks of two blocks; images of 32 x 32."""
    import keras_hub

    keras_hub.models.ResNetBackbone(
        input_conv_filters=[64],
        input_conv_kernel_sizes=[3],
        stackwise_num_filters=[64, 64],
        stackwise_num_blocks=[2, 2],
        stackwise_num_strides=[1, 2],
        block_type="basic_block",
    ).save_to_preset(str(folder))
    keras_hub.layers.ResNetImageConverter(
        image_size=(SIZE, SIZE), scale=[1 / 58, 1 / 57, 1 / 57], offset=[-2.1, -2.0, -1.8]
    ).save_to_preset(str(folder))


def write_fnet(folder):
    import keras_hub

    backbone = keras_hub.models.FNetBackbone(
        vocabulary_size=10, num_layers=1, hidden_dim=4, intermediate_dim=4
    )
    backbone.save_to_preset(str(folder))


def change_json(file, change):
    content = json.loads(file.read_text())
    change(content)
    file.write_text(json.dumps(content))

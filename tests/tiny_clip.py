"""A tiny CLIP of KerasHub: an image and a text encoder, and a tokenizer with words of its own."""

SIZE = 32
START, END = "<|startoftext|>", "<|endoftext|>"
WORDS = (
    *("a", "photo", "of", "the", "pizza", "steak", "sushi", "level", "upright", "stripes"),
    *("red", "blue", "bad", "art", "good"),
)


def make_tokenizer():
    """Letters, and merges that make the words of them; the token of the end is the highest."""
    import keras_hub

    letters = [chr(code) for code in range(33, 127)]
    merges: list[str] = []
    tokens = [*letters, *(f"{letter}</w>" for letter in letters)]
    for word in WORDS:
        parts = [*word[:-1], f"{word[-1]}</w>"]
        while len(parts) > 1:
            pair, parts = parts[:2], ["".join(parts[:2]), *parts[2:]]
            if (merge := " ".join(pair)) not in merges:
                merges.append(merge)
                tokens.append(parts[0])
    tokens = [*dict.fromkeys(tokens), START, END]
    vocabulary = {token: index for index, token in enumerate(tokens)}
    return keras_hub.tokenizers.CLIPTokenizer(vocabulary=vocabulary, merges=merges)


def write_clip(folder, seed=0, **converting):
    """Write a preset; return its backbone, whose embeddings have 8 numbers."""
    import keras
    import keras_hub
    import numpy as np

    keras.utils.set_random_seed(seed)
    tokenizer = make_tokenizer()
    sizes = {"hidden_dim": 16, "num_layers": 2, "num_heads": 2, "intermediate_dim": 32}
    backbone = keras_hub.models.CLIPBackbone(
        vision_encoder=keras_hub.models.CLIPVisionEncoder(
            patch_size=8, image_shape=(SIZE, SIZE, 3), **sizes
        ),
        text_encoder=keras_hub.models.CLIPTextEncoder(
            vocabulary_size=tokenizer.vocabulary_size(),
            embedding_dim=16,
            max_sequence_length=24,
            **sizes,
        ),
        projection_dim=8,
    )
    random = np.random.default_rng(seed)
    for variable in backbone.weights:  # of which Keras makes many 0 or 1: a wrong one would hide
        variable.assign(variable + random.normal(0, 0.1, variable.shape))
    backbone.save_to_preset(str(folder))
    tokenizer.save_to_preset(str(folder))
    settings = {
        "image_size": (SIZE, SIZE),
        "scale": [1 / 255 / each for each in (0.269, 0.261, 0.276)],
        "offset": [-1.79, -1.75, -1.48],
        "interpolation": "bicubic",
        "antialias": True,
    }
    converter = keras_hub.layers.CLIPImageConverter(**settings | converting)
    converter.save_to_preset(str(folder))
    return backbone

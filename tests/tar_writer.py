"""Tar shards as WebDataset writes them."""

import io
import os
import tarfile


def write_shard(file, members, age=100):
    """Write a shard of these members, and return it.

    Args:
        file: To write; its folder is made.
        members: Content by path; what is not bytes is written as text.
        age: Seconds since it was changed: the index of one that is young is not kept.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(file, "w") as tar:
        for path, content in members.items() if isinstance(members, dict) else members:
            content = content if isinstance(content, bytes) else str(content).encode()
            info = tarfile.TarInfo(path)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    changed = os.stat(file).st_mtime_ns - age * 10**9
    os.utime(file, ns=(changed, changed))
    return file


def pack_tree(tree, folder):
    """Write the images of TREE/SPLIT/CLASS/NAME to FOLDER/SPLIT.tar as CLASS-NAME; return FOLDER.

    Both name the images in the same order.
    """
    for split in tree.iterdir():
        members = {}
        for file in sorted(split.glob("*/*")):
            members[f"{file.parent.name}-{file.name}"] = file.read_bytes()
            members[f"{file.parent.name}-{file.stem}.cls"] = file.parent.name
        write_shard(folder / f"{split.name}.tar", members)
    return folder

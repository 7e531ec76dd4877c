"""Trains the demo models: python -m tools.train_demo [--steps 7200] [--lora-steps 150] [--out DIR]

Works through the code of pictures, the transformer with its words, the LoRAs and the gate; what is done already is
left as it is, and an interrupted course goes on where it was. Needs what `bash setup.sh` installs, and nothing else.
Without a GPU each core has a process with one thread, and all learn together: batches are too small for threads.
"""

import argparse
import os
import random
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(PROJECT))

from settings import Settings  # noqa: E402

_SEED = 1


def main() -> None:
    parser = argparse.ArgumentParser(description="Trains the small models that Kinora runs on without a GPU.")
    parser.add_argument("--steps", type=int, default=7200, help="for the transformer (default: %(default)s)")
    parser.add_argument("--lora-steps", type=int, default=150, help="for each camera movement (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=PROJECT / "training", help="unfinished work (default: %(default)s)")
    parser.add_argument("--gate", action="store_true", help="only the gate, with the parts that there are")
    asked = parser.parse_args()
    arguments = sys.argv[1:]
    sys.argv = sys.argv[:1]  # ComfyUI reads what is left
    import torch

    if asked.gate:
        from tools.train_demo import gate

        gate.main()
    elif torch.distributed.is_torchelastic_launched():
        train(asked.out.resolve(), asked.steps, asked.lora_steps)
    else:
        processes = 1 if torch.cuda.is_available() else os.cpu_count() or 1
        launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
        _python(*launcher, "-m", "tools.train_demo", *arguments)
        # In a process of its own: where something was trained ComfyUI is set up to learn.
        _python("-m", "tools.train_demo", "--gate")


def _python(*arguments: str) -> None:
    code = subprocess.run([sys.executable, *arguments], cwd=PROJECT, check=False).returncode
    if code:
        sys.exit(code)


def train(out: Path, steps: int, lora_steps: int) -> None:
    """In one of the processes that torch.distributed.run starts."""
    out.mkdir(parents=True, exist_ok=True)
    from backend.comfy.startup import load

    load(Settings(device="cpu", demo="always", home=out / f"home-{os.environ['RANK']}"))
    import sentencepiece
    import torch
    from torch import distributed

    from tools.train_demo import blocks, captions, learn, loras, network, parts

    distributed.init_process_group("gloo")
    rank = distributed.get_rank()
    generator = torch.Generator().manual_seed(_SEED + rank)
    code_file, words_file = out / "code.pt", out / "words.model"
    if rank == 0 and not code_file.is_file():
        words_file.write_bytes(captions.tokenizer())
        code = blocks.fit(generator)
        torch.save(code | {"enlarge": blocks.fit_enlarging(code, generator)}, code_file)
    distributed.barrier()
    code = torch.load(code_file, weights_only=True)
    words = words_file.read_bytes()
    tokenizer = sentencepiece.SentencePieceProcessor(model_proto=words)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    weight = learn.importance(code).to(device)

    network.let_learn()
    torch.manual_seed(_SEED)  # all processes begin with the same weights
    learner = network.Learner(tokenizer.get_piece_size()).to(device)
    course = learn.Course(learner, out, steps)
    course.resume()
    own_seed = _SEED + distributed.get_world_size() * course.steps + rank
    torch.manual_seed(own_seed)
    random.seed(own_seed)
    course.run(learn.Pool(code, tokenizer, own_seed), weight)
    if rank == 0:
        parts.write_pictures(code)
        parts.write_course(course.average, words)

    learner.load_state_dict(course.average)
    loras.teach_all(loras.Teacher(learner, code, tokenizer, weight, generator, random.Random(own_seed)), lora_steps)
    distributed.barrier()
    if rank == 0:
        print(f"{parts.size() / 1e6:.1f} MB in {parts.FOLDER}")


if __name__ == "__main__":
    main()

"""Write the frozen vocabularies next to this file. It ran once, with Faker 40.54.0; its output is part of the data.

    python worker/generate/vocabularies/freeze.py

Another version of Faker would change every user's data; the golden tests would then fail.
"""

from itertools import islice
from pathlib import Path

from faker.providers.person.en_US import Provider

_WORDS = 256


def _commonest(*weighted: dict[str, float]) -> list[str]:
    """Take the most likely words of each weighted vocabulary in turn; return the first 256 in alphabetical order."""
    ranked = [sorted(words, key=lambda word, words=words: (-words[word], word)) for words in weighted]  # type: ignore[misc]
    taken = dict.fromkeys(word for turn in zip(*ranked, strict=False) for word in turn)
    return sorted(islice(taken, _WORDS))


def _write(name: str, words: list[str]) -> None:
    Path(__file__).with_name(name).write_text("\n".join(words) + "\n", encoding="utf-8")


if __name__ == "__main__":
    _write("first_names.txt", _commonest(Provider.first_names_female, Provider.first_names_male))
    _write("last_names.txt", _commonest(Provider.last_names))

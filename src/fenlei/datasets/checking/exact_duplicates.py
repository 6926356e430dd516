"""The same picture several times."""

from __future__ import annotations

from fenlei.datasets.checking.subject import Found, Subject, clusters, same_picture


class ExactDuplicates:
    """Files with the same bytes, or with the same pixels."""

    name = "exact-duplicates"
    decodes = True
    compares = False

    def __call__(self, subject: Subject) -> list[Found]:
        """Every picture that is there more than once."""
        return [
            Found(picture.id, {"copies": len(together)}, number)
            for number, together in enumerate(clusters(subject, same_picture(subject)))
            for picture in together
        ]

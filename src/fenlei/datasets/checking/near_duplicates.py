"""Pictures that were made of one another."""

from __future__ import annotations

from fenlei.datasets.checking.subject import Found, Subject, clusters, same_picture


class NearDuplicates:
    """Saved again, resized, cropped a little, mirrored, turned, relit; see datasets/duplicates.py."""

    name = "near-duplicates"
    decodes = True
    compares = True

    def __call__(self, subject: Subject) -> list[Found]:
        """Every picture of a group that holds more than copies of one."""
        same = dict(zip((each.id for each in subject.pictures), same_picture(subject), strict=True))
        groups = [
            together
            for together in clusters(subject, subject.near)
            if len({same[picture.id] for picture in together}) > 1
        ]
        return [
            Found(picture.id, {"alike": len(together)}, number)
            for number, together in enumerate(groups)
            for picture in together
        ]

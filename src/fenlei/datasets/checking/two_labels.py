"""The same picture in two classes."""

from __future__ import annotations

from fenlei.datasets.checking.subject import Found, Subject, clusters, same_picture


class TwoLabels:
    """One of them is wrong, and a model cannot learn both."""

    name = "two-labels"
    decodes = True
    compares = False

    def __call__(self, subject: Subject) -> list[Found]:
        """Every copy of a picture whose copies are in different classes."""
        names = {label.id: label.name for label in subject.labels}
        found = []
        number = 0
        for together in clusters(subject, same_picture(subject)):
            labelled = [picture for picture in together if picture.label_id is not None]
            said = sorted({names[picture.label_id] for picture in labelled if picture.label_id is not None})
            if len(said) > 1:
                found += [Found(picture.id, {"labels": said}, number) for picture in labelled]
                number += 1
        return found

"""Pictures in class folders: found, checked, told apart, split."""

from fenlei.datasets.digest import dataset_digest
from fenlei.datasets.duplicates import Duplicates, Groups, find_duplicates
from fenlei.datasets.folder import scan
from fenlei.datasets.found import DatasetError, FoundPictures, Item, Part, Skipped
from fenlei.datasets.split import stratified_folds, stratified_split

__all__ = [
    "DatasetError",
    "Duplicates",
    "FoundPictures",
    "Groups",
    "Item",
    "Part",
    "Skipped",
    "dataset_digest",
    "find_duplicates",
    "scan",
    "stratified_folds",
    "stratified_split",
]

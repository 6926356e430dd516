"""Open the store that the settings name."""

from __future__ import annotations

from pathlib import Path

from fenlei.settings import Settings
from fenlei.store import S3Access, Store, StoreAddress, StoreError, bring_up_to_date, must_be_up_to_date


def store_address(settings: Settings) -> StoreAddress:
    """Where the settings say that database and blobs are: in the workspace, unless they name other places."""
    secret = settings.s3_secret.get_secret_value() if settings.s3_secret else None
    return StoreAddress(
        settings.database_url.get_secret_value() if settings.database_url else settings.workspace / "fenlei.db",
        settings.blob_url or settings.workspace / "blobs",
        S3Access(settings.s3_endpoint, settings.s3_key_id, secret, settings.s3_region),
    )


def open_store(settings: Settings) -> Store:
    """The store, with its tables brought up to date and its blobs in reach.

    Raises:
        NewerDatabase: it was written by a newer Fenlei.
        StoreError: it cannot be used.
    """
    store = Store.at(store_address(settings))
    try:
        if store.database.file is not None:
            _make(store.database.file.parent)
        bring_up_to_date(store.database)
        store.blobs.check()
    except BaseException:
        store.close()
        raise
    return store


def existing_store(settings: Settings) -> Store:
    """The store as it is, for those who look after it: nothing is made, nothing migrated.

    Raises:
        NewerDatabase: it was written by a newer Fenlei.
        StoreError: there is none, it was written by an older Fenlei, or it cannot be used.
    """
    store = Store.at(store_address(settings))
    file = store.database.file
    if file is not None and not file.exists():
        raise StoreError(f"There is no database {file}. `fenlei up` makes one; --workspace names another folder.")
    try:
        must_be_up_to_date(store.database)
    except BaseException:
        store.close()
        raise
    return store


def new_store(settings: Settings) -> Store:
    """The store that shall be filled from a backup: nothing is migrated.

    Raises:
        StoreError: it cannot be used.
    """
    store = Store.at(store_address(settings))
    try:
        if store.database.file is not None:
            _make(store.database.file.parent)
        store.blobs.check()
    except BaseException:
        store.close()
        raise
    return store


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise StoreError(f"The folder {folder} cannot be made: {exc.strerror}.") from exc

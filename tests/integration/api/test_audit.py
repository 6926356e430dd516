"""Every route that changes something writes down who did it."""

from __future__ import annotations

import inspect

from fenlei.api import all_routes

WITHOUT = {
    "sign_in_here": "written down where it is carried out, as are people and tokens",
    "sign_out_here": "",
    "set_my_password": "",
    "end_my_sign_in": "",
    "new_user": "",
    "edit_user": "",
    "set_users_password": "",
    "new_token": "",
    "end_token": "",
    "look_into_import": "nothing changes by looking, nor by sending: the beginning and the commit are written down",
    "new_upload": "",
    "send_file": "",
    "send_piece": "",
    "end_upload": "",
    "send_model_file": "",
    "end_model_file": "",
    "try_onnx_file": "nothing is kept",
    "try_deployment": "",
}


def test_what_changes_something_is_in_the_audit_log() -> None:
    changing = {
        route.name: inspect.getsource(route.endpoint)
        for _, route in all_routes()
        if set(route.methods or ()) - {"GET", "HEAD"}
    }
    silent = {name for name, source in changing.items() if "audited(" not in source and " note(" not in source}
    assert silent == set(WITHOUT)

"""The management API: HTTP under `/api/v1`, and nothing that people could not do through the use cases."""

from fenlei.api.app import all_routes, make_api, make_app
from fenlei.api.platform import Platform
from fenlei.api.routes.people import sign_in_url

__all__ = ["Platform", "all_routes", "make_api", "make_app", "sign_in_url"]

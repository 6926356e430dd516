"""The routes, one file per noun."""

from fastapi import APIRouter

from fenlei.api.routes import people

ROUTERS: list[APIRouter] = [people.router]
"""In the order in which the reference shows them."""

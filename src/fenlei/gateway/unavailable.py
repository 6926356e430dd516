"""What answers for a deployment that has no model at the moment: 1100, and why."""

from __future__ import annotations

from fenlei.contract import Code, Detail, WireOptions, failure
from fenlei.serving.exchange import Exchange
from fenlei.serving.reply import Reply, reply_with

STOPPED = Detail("该服务已停止，请联系其所有者重新启动。", "This deployment is stopped; its owner can start it again.")
FAILED = Detail(
    "该服务的模型无法加载，请联系其所有者；原因见服务详情页。",
    "The model of this deployment cannot be loaded; its detail page tells its owner why.",
)


class Unavailable:
    """An upstream that answers 1100 to every admitted request."""

    def __init__(self, name: str, why: Detail) -> None:
        """Answer for one deployment.

        Args:
            name: of the deployment.
            why: what callers are told.
        """
        self._name = name
        self._why = why

    async def predict(self, exchange: Exchange, options: WireOptions) -> Reply:
        """Answer without reading the body."""
        answer = failure(Code.UPSTREAM, self._why, exchange.request_id, exchange.language)
        return reply_with(answer, options, self._name)

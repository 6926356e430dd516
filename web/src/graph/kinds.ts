/** What may travel along an edge: the kinds of ports, and how each looks. As `fenlei.pipelines.kinds` has them. */

import type { Words } from "./words.ts";

/** An edge joins two ports of one kind. */
export type Kind = "images" | "split" | "features" | "model" | "report" | "deployment";

/** How a kind is shown: its name for people, and the colour of its ports and edges, `#rrggbb`. */
export interface Look {
  readonly name: Words;
  readonly colour: string;
}

/** By kind, how it looks. */
export const LOOKS: Readonly<Record<Kind, Look>> = {
  images: { name: { en: "Pictures", zh: "图片" }, colour: "#2f7ed8" },
  split: { name: { en: "Split pictures", zh: "已划分的图片" }, colour: "#13a8a8" },
  features: { name: { en: "Features", zh: "特征" }, colour: "#8a5cd6" },
  model: { name: { en: "Model", zh: "模型" }, colour: "#d4690f" },
  report: { name: { en: "Report", zh: "报告" }, colour: "#5b8c00" },
  deployment: { name: { en: "Deployment", zh: "部署" }, colour: "#c41d7f" },
};

/**
 * Read a graph's file. Its nodes may be of types that are not here, and it may have faults: it opens all the same. What
 * is no graph is refused with a sentence that says where; the bounds are those of `fenlei.pipelines.graph`.
 */

import { FORMAT, type Edge, type End, type Graph, type GraphNode, type Json, type Parameters } from "./graph.ts";
import { characters, quoted, type Words } from "./words.ts";

/** This is no graph. The message is English; `words` has it in both languages. */
export class BadGraph extends Error {
  override readonly name = "BadGraph";
  readonly words: Words;

  constructor(en: string, zh: string, cause?: unknown) {
    super(en, { cause });
    this.words = { en, zh };
  }
}

const MOST_BYTES = 4_000_000;
const MOST_NODES = 1000;
const MOST_EDGES = 10_000;
const MOST_NOTE_CHARACTERS = 10_000;
/** Of a node type and of a port. */
const MOST_NAME_CHARACTERS = 200;
/** Of lists and objects in one another, among the parameters of a node. */
const MOST_LEVELS = 32;
const ID = /^[A-Za-z0-9_-]{1,40}$/;

/**
 * Read the text of a graph's file.
 *
 * @throws BadGraph where it is none.
 */
export function readGraph(text: string): Graph {
  const bytes = new TextEncoder().encode(text).length;
  if (bytes > MOST_BYTES) {
    throw new BadGraph(
      `The graph has ${bytes} bytes; a graph has at most ${MOST_BYTES}.`,
      `该图有 ${bytes} 字节；最多允许 ${MOST_BYTES} 字节。`,
    );
  }
  let said: Json;
  try {
    said = JSON.parse(text) as Json;
  } catch (error) {
    throw new BadGraph("The graph is no JSON.", "该图不是有效的 JSON。", error);
  }
  return graphOf(said);
}

/**
 * The graph that JSON values say.
 *
 * @throws BadGraph where they say none.
 */
export function graphOf(said: Json): Graph {
  const file = fields(said, "the graph", ["format", "name", "note", "nodes", "edges"]);
  const format = saidOr(file, "format", FORMAT);
  if (format !== FORMAT) {
    const name = JSON.stringify(format).slice(0, 40);
    throw new BadGraph(
      `The graph is of the format ${name}; this console reads "${FORMAT}".`,
      `该图的格式为 ${name}；本控制台读取的是 "${FORMAT}"。`,
    );
  }
  const nodes = list(file["nodes"], "`nodes`", MOST_NODES).map(nodeOf);
  const ids = new Set<string>();
  for (const { id } of nodes) {
    if (ids.has(id)) {
      throw new BadGraph(
        `Two nodes have the id ${quoted(id)}; each needs one of its own.`,
        `有两个节点的 id 都是“${id}”；每个节点需要自己的 id。`,
      );
    }
    ids.add(id);
  }
  const edges = list(saidOr(file, "edges", []), "`edges`", MOST_EDGES).map((each) => edgeOf(each, ids));
  const name = text(saidOr(file, "name", ""), "the name", 0, MOST_NOTE_CHARACTERS);
  const note = text(saidOr(file, "note", ""), "the note", 0, MOST_NOTE_CHARACTERS);
  return { format, name, note, nodes, edges };
}

function nodeOf(said: Json, place: number): GraphNode {
  const where = `node ${place}`;
  const node = fields(said, where, ["id", "type", "version", "params", "position", "title", "note"]);
  const id = text(node["id"], `the id of ${where}`);
  if (!ID.test(id)) {
    throw new BadGraph(
      `The node id ${quoted(id.slice(0, 50))} cannot be; an id has 1 to 40 letters, digits, \`_\` or \`-\`.`,
      `节点 id “${id.slice(0, 50)}”不合要求；id 由 1 到 40 个字母、数字、“_”或“-”组成。`,
    );
  }
  const version = saidOr(node, "version", 1);
  if (typeof version !== "number" || !Number.isInteger(version) || version < 1) {
    throw wrong(`the version of the node ${quoted(id)}`, "a whole number from 1", "从 1 开始的整数");
  }
  const params = saidOr(node, "params", {});
  if (!isObject(params) || deeper(params, MOST_LEVELS)) {
    const en = `an object with lists or objects in one another no deeper than ${MOST_LEVELS} levels`;
    throw wrong(`\`params\` of the node ${quoted(id)}`, en, `嵌套不超过 ${MOST_LEVELS} 层的对象`);
  }
  return {
    id,
    type: text(node["type"], `the type of the node ${quoted(id)}`, 1, MOST_NAME_CHARACTERS),
    version,
    params,
    position: position(saidOr(node, "position", [0, 0]), id),
    title: text(saidOr(node, "title", ""), `the title of ${quoted(id)}`, 0, MOST_NOTE_CHARACTERS),
    note: text(saidOr(node, "note", ""), `the note of ${quoted(id)}`, 0, MOST_NOTE_CHARACTERS),
  };
}

function edgeOf(said: Json, ids: ReadonlySet<string>): Edge {
  const edge = fields(said, "an edge", ["source", "target"]);
  return { source: endOf(edge["source"], "source", ids), target: endOf(edge["target"], "target", ids) };
}

function endOf(said: Json | undefined, side: string, ids: ReadonlySet<string>): End {
  if (!isList(said) || said.length !== 2) {
    throw wrong(`the ${side} of an edge`, "a list of the id of a node and the name of a port", "由节点 id 和端口名组成的列表");
  }
  const node = text(said[0], `the node of the ${side} of an edge`);
  if (!ids.has(node)) {
    const name = node.slice(0, 50);
    throw new BadGraph(
      `An edge ends at the node ${quoted(name)}, which is not in the graph.`,
      `有一条连线的端点是节点“${name}”，而图中没有它。`,
    );
  }
  return [node, text(said[1], `the port of an edge at the node ${quoted(node)}`, 1, MOST_NAME_CHARACTERS)];
}

function position(said: Json, id: string): readonly [number, number] {
  const [x, y, ...more] = isList(said) ? said : [];
  if (typeof x !== "number" || typeof y !== "number" || more.length > 0) {
    throw wrong(`the position of the node ${quoted(id)}`, "a list of two numbers", "由两个数字组成的列表");
  }
  return [x, y];
}

/** An object that says nothing but these. */
function fields(said: Json, where: string, known: readonly string[]): Parameters {
  if (!isObject(said)) throw wrong(where, "an object", "对象");
  const stranger = Object.keys(said).find((each) => !known.includes(each));
  if (stranger !== undefined) {
    const names = known.map((each) => `\`${each}\``).join(", ");
    throw new BadGraph(
      `This is no graph: ${where} says ${quoted(stranger.slice(0, 50))}; what it may say is ${names}.`,
      `这不是图：${where} 含有“${stranger.slice(0, 50)}”；允许的有 ${names}。`,
    );
  }
  return said;
}

/** What an object says under a name, or what holds where it says nothing. That it says null is another thing. */
const saidOr = (said: Parameters, name: string, otherwise: Json): Json =>
  Object.hasOwn(said, name) ? (said[name] ?? null) : otherwise;

function list(said: Json | undefined, where: string, most: number): readonly Json[] {
  if (!isList(said) || said.length > most) throw wrong(where, `a list of at most ${most}`, `最多 ${most} 项的列表`);
  return said;
}

function text(said: Json | undefined, where: string, fewest = 0, most = Infinity): string {
  if (typeof said !== "string") throw wrong(where, "a text", "文本");
  const count = characters(said);
  if (count < fewest || count > most) {
    throw wrong(where, `a text of ${fewest} to ${most} characters`, `${fewest} 到 ${most} 个字符的文本`);
  }
  return said;
}

const wrong = (where: string, en: string, zh: string): BadGraph =>
  new BadGraph(`This is no graph: ${where} must be ${en}.`, `这不是图：${where} 应为${zh}。`);

const isList = (said: Json | undefined): said is readonly Json[] => Array.isArray(said);

const isObject = (said: Json): said is Parameters => typeof said === "object" && said !== null && !isList(said);

/** Whether lists and objects are in one another for more levels than that. */
function deeper(said: Json, levels: number): boolean {
  if (levels < 0) return true;
  const inside = typeof said === "object" && said !== null ? Object.values(said as Parameters) : [];
  return inside.some((each) => deeper(each, levels - 1));
}

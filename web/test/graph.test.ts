/** Every fault of a graph is found while it is drawn, as the server finds it, and told in both languages. */

import assert from "node:assert/strict";
import { suite, test } from "node:test";

import { canConnect } from "../src/graph/connect.ts";
import { check } from "../src/graph/check.ts";
import type { Graph } from "../src/graph/graph.ts";
import { FAULTS, type Problem } from "../src/graph/problem.ts";
import { BadGraph, graphOf, readGraph } from "../src/graph/read.ts";
import { CASES, found, TYPES } from "./cases.ts";

const CHINESE = /[\u4e00-\u9fff]/;

/** Faults that an edge alone can have. */
const OF_EDGES = new Set<string>(["unknown type", "no such port", "type mismatch", "taken port", "cycle"]);

function assertTold({ what, remedy }: Pick<Problem, "what" | "remedy">): void {
  for (const { en, zh } of [what, remedy]) {
    assert.match(en, /\.$/);
    assert.match(zh, /。$/);
    assert.match(zh, CHINESE);
    assert.doesNotMatch(en, /undefined|\[object/);
    assert.doesNotMatch(zh, /undefined|\[object/);
  }
}

suite("a legal graph has no problems", () => {
  for (const each of CASES.legal) {
    test(each.name, () => {
      assert.deepEqual(check(graphOf(each.graph), TYPES), []);
    });
  }
});

suite("an illegal graph has exactly the problems that the server finds, told in both languages", () => {
  for (const each of CASES.illegal) {
    test(each.name, () => {
      const problems = check(graphOf(each.graph), TYPES);
      assert.deepEqual(found(problems), each.problems);
      problems.forEach(assertTold);
    });
  }
});

suite("what is no graph is refused before it is checked", () => {
  for (const each of CASES.unreadable) {
    test(each.name, () => {
      assert.throws(
        () => readGraph(JSON.stringify(each.graph)),
        (error) => error instanceof BadGraph && error.words.en.endsWith(".") && CHINESE.test(error.words.zh),
      );
    });
  }
});

test("the cases show every fault that a graph alone can have", () => {
  const shown = new Set(CASES.illegal.flatMap((each) => each.problems ?? []).map((each) => each.fault));
  assert.deepEqual([...shown].sort(), [...FAULTS].sort());
  assert.ok(CASES.legal.length > 0 && CASES.unreadable.length > 0);
});

test("a file that is no JSON is refused", () => {
  assert.throws(() => readGraph('{"nodes": ['), BadGraph);
});

test("a graph that is written is the graph that was read", () => {
  for (const each of [...CASES.legal, ...CASES.illegal]) {
    const graph = graphOf(each.graph);
    assert.deepEqual(readGraph(JSON.stringify(graph)), graph);
  }
});

suite("a canvas lets an edge be drawn that is in a legal graph", () => {
  for (const each of CASES.legal) {
    test(each.name, () => {
      const graph = graphOf(each.graph);
      for (const edge of graph.edges) {
        const without: Graph = { ...graph, edges: graph.edges.filter((other) => other !== edge) };
        assert.deepEqual(canConnect(without, TYPES, edge.source, edge.target), { allowed: true });
      }
    });
  }
});

suite("a canvas refuses an edge with the fault that the graph would have", () => {
  for (const each of [...CASES.legal, ...CASES.illegal]) {
    test(each.name, () => {
      const whole = graphOf(each.graph);
      let graph: Graph = { ...whole, edges: [] };
      for (const edge of whole.edges) {
        const answer = canConnect(graph, TYPES, edge.source, edge.target);
        const after: Graph = { ...graph, edges: [...graph.edges, edge] };
        const faults = check(after, TYPES).map((one) => one.fault);
        if (answer.allowed) {
          graph = after;
        } else {
          assert.ok(faults.includes(answer.problem.fault), `${answer.problem.fault} is not among ${faults.join(", ")}`);
          assertTold(answer.problem);
        }
      }
      const left = check(graph, TYPES).map((one) => one.fault);
      assert.deepEqual(
        left.filter((fault) => OF_EDGES.has(fault) && fault !== "unknown type"),
        [],
      );
    });
  }
});

test("why an edge is refused calls nodes as people call them", () => {
  const nodes = ["a", "b"].map((id) => ({ id, type: "shop.pick", version: 2, title: id.toUpperCase() }));
  const graph = graphOf({ nodes, edges: [{ source: ["a", "images"], target: ["b", "images"] }] });
  const again = canConnect(graph, TYPES, ["a", "images"], ["b", "images"]);
  const back = canConnect(graph, TYPES, ["b", "images"], ["a", "images"]);
  assert.ok(!again.allowed && !back.allowed);
  assert.equal(again.problem.what.en, "An edge already ends at the input `images` of B.");
  assert.equal(back.problem.what.en, "The graph would go in a circle: B → A.");
  assert.equal(back.problem.what.zh, "图中将出现环：B → A。");
});

test("a thousand nodes in a row are checked, and in a circle are one problem", () => {
  const ids = Array.from({ length: 1000 }, (_, number) => `n${number}`);
  const nodes = ids.map((id) => ({ id, type: "shop.blend" }));
  const edges = ids.map((id, place) => ({ source: [id, "images"], target: [ids[(place + 1) % 1000] ?? "", "one"] }));
  assert.deepEqual(check(graphOf({ nodes, edges: edges.slice(0, -1) }), TYPES), []);
  const [problem, ...more] = found(check(graphOf({ nodes, edges }), TYPES));
  assert.deepEqual([problem?.fault, problem?.node, more], ["cycle", "n0", []]);
});

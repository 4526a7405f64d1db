import { setImmediate as turnOfTheLoop } from "node:timers/promises";

interface Node<T> {
  readonly branches: Map<string, Node<T>>;
  value: T | undefined;
}

/** Nodes looked at before others have their turn: about a fifth of a millisecond. */
const slice = 1000;

/** Values by topic, found by filter along the levels: what a filter cannot match is not looked at. */
export class RetainedTree<T> {
  readonly #root: Node<T> = newNode();

  set(topic: string, value: T): void {
    let node = this.#root;
    for (const level of topic.split("/")) {
      const next = node.branches.get(level) ?? newNode<T>();
      node.branches.set(level, next);
      node = next;
    }
    node.value = value;
  }

  get(topic: string): T | undefined {
    let node: Node<T> | undefined = this.#root;
    for (const level of topic.split("/")) node = node?.branches.get(level);
    return node?.value;
  }

  /** Takes a topic out, and the branches that lead nowhere without it. */
  delete(topic: string): void {
    const path: { readonly node: Node<T>; readonly level: string }[] = [];
    let node = this.#root;
    for (const level of topic.split("/")) {
      const next = node.branches.get(level);
      if (next === undefined) return;
      path.push({ node, level });
      node = next;
    }
    node.value = undefined;
    for (const { node: parent, level } of path.reverse()) {
      const branch = parent.branches.get(level);
      if (branch === undefined || branch.value !== undefined || branch.branches.size > 0) return;
      parent.branches.delete(level);
    }
  }

  /** What these filters match, filter by filter. Between slices of a long search everybody else has their turn. */
  async *matching(filters: readonly string[]): AsyncGenerator<T> {
    let looked = 0;
    for (const filter of filters) {
      for (const node of walk(this.#root, filter.split("/"), 0)) {
        looked += 1;
        if (looked % slice === 0) await turnOfTheLoop();
        if (node.isMatch && node.node.value !== undefined) yield node.node.value;
      }
    }
  }
}

interface Visited<T> {
  readonly node: Node<T>;
  readonly isMatch: boolean;
}

/** Every node on the way of a filter, so that whoever walks can pause on ways that lead nowhere, too. */
function* walk<T>(node: Node<T>, filter: readonly string[], depth: number): Generator<Visited<T>> {
  const level = filter[depth];
  if (level === "#") {
    yield* everythingBelow(node, depth);
    return;
  }
  yield { node, isMatch: level === undefined };
  if (level === undefined) return;
  if (level === "+") {
    for (const [name, branch] of node.branches)
      if (!isHidden(name, depth)) yield* walk(branch, filter, depth + 1);
    return;
  }
  const branch = node.branches.get(level);
  if (branch !== undefined) yield* walk(branch, filter, depth + 1);
}

/** `a/#` matches `a` too (MQTT 3.1.1 §4.7.1.2). */
function* everythingBelow<T>(node: Node<T>, depth: number): Generator<Visited<T>> {
  yield { node, isMatch: true };
  for (const [name, branch] of node.branches)
    if (!isHidden(name, depth)) yield* everythingBelow(branch, depth + 1);
}

/** MQTT-4.7.2-1: a leading wildcard does not match topics that begin with a dollar sign. */
function isHidden(level: string, depth: number): boolean {
  return depth === 0 && level.startsWith("$");
}

function newNode<T>(): Node<T> {
  return { branches: new Map(), value: undefined };
}

/**
 * What a schema cannot tell from a good value and no store takes: where in the input it is, and what is wrong with it; undefined when
 * nothing is. Not recursive, since a body may be as deep as it is long.
 */
export function faultOf(name: string, input: unknown, isAnyText = false): string | undefined {
  const inText = isAnyText ? () => undefined : faultOfText;
  const unseen: [path: string, value: unknown][] = [[name, input]];
  for (let next = unseen.pop(); next !== undefined; next = unseen.pop()) {
    const [path, value] = next;
    const fault = faultOfNumber(value) ?? inText(value);
    if (fault !== undefined) return `${path.slice(0, 200)} ${fault}`;
    for (const [key, member] of membersOf(value)) {
      const keyFault = inText(key);
      if (keyFault !== undefined) return `a name in ${path.slice(0, 200)} ${keyFault}`;
      unseen.push([`${path}/${key}`, member]);
    }
  }
  return undefined;
}

function membersOf(value: unknown): readonly [string, unknown][] {
  return typeof value === "object" && value !== null && !ArrayBuffer.isView(value)
    ? Object.entries(value)
    : [];
}

/** `1e400` is a number to JSON and to a schema, and infinite. */
function faultOfNumber(value: unknown): string | undefined {
  if (typeof value !== "number" || Number.isFinite(value)) return undefined;
  return `must be a finite number; beyond ${Number.MAX_VALUE} there is none`;
}

/** PostgreSQL keeps neither a NUL nor half a character. */
function faultOfText(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  const nul = value.indexOf("\0");
  if (nul >= 0) return `must be text without NUL; leave character ${nul + 1} out`;
  const half = value.search(/\p{Cs}/u);
  return half < 0
    ? undefined
    : `must be well-formed Unicode; character ${half + 1} is half of a surrogate pair: send both halves, or none`;
}

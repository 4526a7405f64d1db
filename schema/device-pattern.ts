/** Whether a device is one of those that are named; `*` stands for any number of characters. */
export function deviceMatcher(devices: readonly string[] | null): (deviceId: string) => boolean {
  if (devices === null) return () => true;
  const ids = new Set(devices.filter((pattern) => !pattern.includes("*")));
  const patterns = devices.filter((pattern) => pattern.includes("*")).map((pattern) => pattern.split(/\*+/u));
  return (deviceId) => ids.has(deviceId) || patterns.some((parts) => isLike(deviceId, parts));
}

/** Whether a text is these parts with anything in between; no regular expression, since some of those take for ever. */
function isLike(text: string, parts: readonly string[]): boolean {
  const first = parts[0] ?? "";
  const last = parts.at(-1) ?? "";
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length)
    return false;
  const end = text.length - last.length;
  let from = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, from);
    if (found < 0 || found + part.length > end) return false;
    from = found + part.length;
  }
  return true;
}

/** What the browser keeps under this key; undefined as well where storage is forbidden, as in some private windows. */
export function readStored(key: string): string | undefined {
  try {
    return localStorage.getItem(key) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Keeps a text; whether it worked. A full storage gives up what it had under the key, so that nothing outdated stays. */
export function writeStored(key: string, text: string): boolean {
  try {
    localStorage.setItem(key, text);
    return true;
  } catch {
    removeStored(key);
    return false;
  }
}

export function removeStored(key: string): void {
  try {
    localStorage.removeItem(key);
  } catch {
    // Storage is forbidden altogether; there is nothing to remove.
  }
}

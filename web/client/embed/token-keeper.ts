/** The token that an address brought, or the one that this tab had for the same device before it was loaded again. It ends with the tab. */
export function keptToken(deviceId: string, brought: string | undefined): string | undefined {
  const key = `tidemark:embed:${deviceId}`;
  try {
    if (brought !== undefined) sessionStorage.setItem(key, brought);
    return brought ?? sessionStorage.getItem(key) ?? undefined;
  } catch {
    // Storage is forbidden to this frame: then a reload of it alone needs the token in its address again.
    return brought;
  }
}

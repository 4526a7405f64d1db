/** `operator:ada` is ada here. */
export function withoutKind(name: string): string {
  return name.slice(name.indexOf(":") + 1);
}

import { type Range, rangeOf } from "../device/range.ts";

const themes = ["system", "dark", "light", "contrast"] as const;

/** What the address of an embedded chart asks for: `/embed/device/press-1?sensors=temperature&from=now-6h&theme=dark#token=tme_…`. */
export interface EmbedAddress {
  readonly deviceId: string;
  /** Empty: all that the device has. */
  readonly sensors: readonly string[];
  readonly range: Range;
  readonly theme: (typeof themes)[number];
  readonly token: string | undefined;
  /** The same address without the token. */
  readonly bare: string;
}

/** Reads an address. A token behind `#` never leaves the browser; one in the query is taken as well. */
export function readAddress({ pathname, search, hash }: Pick<Location, "pathname" | "search" | "hash">) {
  const query = new URLSearchParams(search);
  const token = new URLSearchParams(hash.slice(1)).get("token") ?? query.get("token") ?? undefined;
  query.delete("token");
  const rest = query.toString();
  const address: EmbedAddress = {
    deviceId: decodeURIComponent(pathname.split("/").at(-1) ?? ""),
    sensors: (query.get("sensors") ?? "").split(",").filter((type) => type !== ""),
    range: rangeOf(query),
    theme: themes.find((theme) => theme === query.get("theme")) ?? "system",
    token,
    bare: rest === "" ? pathname : `${pathname}?${rest}`,
  };
  return address;
}

/** What to put into a page, once the token is known. */
export function frameLine(origin: string, deviceId: string, token: string): string {
  const path = `/embed/device/${encodeURIComponent(deviceId)}?from=now-6h#token=${token}`;
  return `<iframe src="${origin}${path}" title="${quoted(deviceId)}" width="640" height="360" style="border:0"></iframe>`;
}

function quoted(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
}

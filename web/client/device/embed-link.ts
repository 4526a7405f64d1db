import { element } from "../shell/element.ts";

/** Leads to where the charts of a device are given to a page elsewhere. */
export function renderEmbedLink(deviceId: string): HTMLElement {
  const query = new URLSearchParams({ part: "embeds", device: deviceId });
  const link = { class: "plain-button needs-admin embed-link", href: `/settings?${query}` };
  return element("a", link, ["Embed…"]);
}

import { element } from "./element.ts";

/** Whether the text is in the clipboard now. */
export async function copyText(text: string): Promise<boolean> {
  // Only over HTTPS and on this machine itself do browsers have the clipboard of today.
  if (globalThis.isSecureContext) {
    const isDone = await navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    );
    if (isDone) return true;
  }
  const before = document.activeElement;
  const box = element("textarea", { class: "unseen", "aria-hidden": "true" });
  box.value = text;
  document.body.append(box);
  box.select();
  const isCopied = document.execCommand("copy");
  box.remove();
  if (before instanceof HTMLElement) before.focus({ preventScroll: true });
  return isCopied;
}

import type { Embed, EmbedsAnswer } from "../../../schema/embed.ts";
import { api, ask, demand } from "../api/asking.ts";
import { frameLine } from "../embed/embed-address.ts";
import { button, field, form, nothing, submit, textInput } from "../parts/controls.ts";
import { withoutKind } from "../parts/names.ts";
import type { Part } from "../parts/parted-page.ts";
import { element } from "../shell/element.ts";
import { formatMoment } from "../shell/format.ts";
import type { Shell } from "../shell/page.ts";
import { type Bench, openBench } from "./bench.ts";

/** Charts of one device that pages elsewhere show. The address may name the device: `?part=embeds&device=press-1`. */
export function openEmbeds(shell: Shell): Part {
  const of = new URLSearchParams(location.search).get("device") ?? "";
  return openBench<EmbedsAnswer>({
    title: "Embedded charts",
    needs: "admin",
    about: "Whoever has the line sees the charts of that device, live, and can do nothing with them.",
    load: () => ask(() => api.GET("/api/v1/embeds")),
    show: ({ embeds, origins }, bench) => [
      element("p", { class: "desk-note" }, [describeOrigins(origins)]),
      embeds.length === 0
        ? nothing("No chart is given away.")
        : element(
            "ul",
            { class: "desk-list" },
            embeds.map((embed) => embedRow(embed, bench)),
          ),
    ],
    forms: (bench) => [embedForm(of, bench)],
  })(shell);
}

/** Who may frame charts, in a sentence. */
function describeOrigins(origins: readonly string[]): string {
  if (origins.length === 0)
    return "EMBED_ORIGINS names no page that may frame them: until it does, a chart can be opened by itself only.";
  return `Framed by pages of ${origins.join(", ")} (EMBED_ORIGINS).`;
}

function embedRow(
  { id, deviceId, label, createdBy, expiresUs, lastUsedUs }: Embed,
  bench: Bench,
): HTMLElement {
  const isOver = expiresUs !== null && expiresUs / 1000 < Date.now();
  const end =
    expiresUs === null
      ? "until it is revoked"
      : `${isOver ? "expired" : "until"} ${formatMoment(expiresUs / 1000)}`;
  const used = lastUsedUs === null ? "never shown" : `last shown ${formatMoment(lastUsedUs / 1000)}`;
  const revoke = (): void => {
    if (!confirm(`Revoke ${label}? Wherever it is shown, the chart ends at once.`)) return;
    void bench.run(async () => {
      await demand(() => api.DELETE("/api/v1/embeds/{id}", { params: { path: { id } } }));
      return `${label} is revoked.`;
    });
  };
  return element("li", { "data-embed": id, ...(isOver ? { class: "is-off" } : {}) }, [
    element("span", { class: "desk-what" }, [
      element("strong", {}, [label]),
      ` ${deviceId} `,
      element("small", {}, [`${end}, ${used}, by ${withoutKind(createdBy)}`]),
    ]),
    button("Revoke", revoke, { label: `Revoke ${label}` }),
  ]);
}

function embedForm(of: string, bench: Bench): HTMLElement {
  const device = textInput({ required: "", name: "embed-device", autocapitalize: "none", value: of });
  const label = textInput({
    required: "",
    name: "embed-label",
    maxlength: "100",
    placeholder: "board in hall 2",
  });
  const days = element("input", { type: "number", min: "1", max: "3650", placeholder: "no end" });
  const make = form(
    [field("Device id", device), field("What for", label), field("Days", days), submit("Make")],
    () =>
      void bench.run(async () => {
        const body = {
          deviceId: device.value.trim(),
          label: label.value.trim(),
          days: days.value === "" ? null : Number(days.value),
        };
        const { embed, secret } = await demand(() => api.POST("/api/v1/embeds", { body }));
        make.reset();
        bench.showSecret("Put this into the page:", frameLine(location.origin, embed.deviceId, secret));
        return "Shown this once: keep it now.";
      }),
  );
  return make;
}

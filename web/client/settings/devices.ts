import type {
  ClaimsAnswer,
  DeviceAccessAnswer,
  DeviceAccessesAnswer,
  ServicesAnswer,
} from "../../../schema/access-api.ts";
import { api, ask, demand } from "../api/asking.ts";
import { button, field, form, nothing, submit, textInput } from "../parts/controls.ts";
import type { Part } from "../parts/parted-page.ts";
import { element } from "../shell/element.ts";
import { formatMoment } from "../shell/format.ts";
import type { Shell } from "../shell/page.ts";
import { type Bench, openBench } from "./bench.ts";
import { type CredentialWork, deviceWork, serviceWork } from "./credentials-api.ts";

const pageSize = 100;
const dayS = 86_400;

/** Devices that may connect with credentials. */
export function openDevices(shell: Shell): Part {
  let after = "";
  return openBench<DeviceAccessesAnswer>({
    title: "Devices and credentials",
    needs: "operator",
    about:
      "Devices that show a password, a token or a certificate. With ACCESS=open others may come as well.",
    load: () =>
      ask(() => api.GET("/api/v1/access/devices", { params: { query: { after, limit: pageSize } } })),
    show: ({ devices, next }, bench) => {
      const turn = (to: string) => () => {
        after = to;
        bench.refresh();
      };
      return [
        devices.length === 0
          ? nothing("None is provisioned.")
          : element(
              "ul",
              { class: "desk-list" },
              devices.map((device) => deviceRow(device, bench)),
            ),
        ...(after === "" ? [] : [button("First devices", turn(""))]),
        ...(next === null ? [] : [button("Next devices", turn(next))]),
      ];
    },
    forms: (bench) => {
      const id = textInput({ required: "", name: "device", autocapitalize: "none" });
      const add = form(
        [field("Device id", id), submit("Provision")],
        () =>
          void bench.run(async () => {
            const body = { id: id.value.trim() };
            const { devices } = await demand(() => api.POST("/api/v1/devices", { body }));
            const [made] = devices;
            add.reset();
            bench.showSecret(`Password of ${made?.id ?? ""}:`, made?.password ?? "");
            return "Shown this once: put it into the device now.";
          }),
      );
      add.classList.add("needs-admin");
      return [add];
    },
  })(shell);
}

function deviceRow(
  { id, isEnabled, createdUs, passwords, labels }: DeviceAccessAnswer,
  bench: Bench,
): HTMLElement {
  const tags = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
  const about = [`since ${formatMoment(createdUs / 1000)}`, describePasswords(passwords.length), ...tags];
  return element("li", { "data-credential": id, ...(isEnabled ? {} : { class: "is-off" }) }, [
    element("span", { class: "desk-what" }, [
      element("strong", {}, [id]),
      " ",
      element("small", {}, [(isEnabled ? about : ["disabled", ...about]).join(", ")]),
    ]),
    ...credentialButtons({ name: id, isEnabled, work: deviceWork(id) }, bench),
  ]);
}

function describePasswords(count: number): string {
  if (count === 0) return "no password";
  return count === 1 ? "1 password" : `${count} passwords, one of them for a while`;
}

interface Credential {
  readonly name: string;
  readonly isEnabled: boolean;
  readonly work: CredentialWork;
}

function credentialButtons({ name, isEnabled, work }: Credential, bench: Bench): readonly HTMLElement[] {
  const admin = { needs: "admin" } as const;
  const change = (verb: "enable" | "disable" | "revoke" | "remove", said: string) =>
    bench.run(async () => {
      await work[verb]();
      return said;
    });
  const rotate = (): void => {
    if (!confirm(`Give ${name} another password? The one it has stays valid for a day.`)) return;
    void bench.run(async () => {
      const { password } = await work.rotate();
      bench.showSecret(`Password of ${name}:`, password ?? "");
      return "Shown this once: keep it now.";
    });
  };
  const toggle = () =>
    void (isEnabled
      ? change("disable", `${name} cannot connect any more.`)
      : change("enable", `${name} may connect again.`));
  const revoke = () => {
    if (confirm(`Revoke every password of ${name}? It is disconnected.`))
      void change("revoke", `${name} has no password any more.`);
  };
  const remove = () => {
    if (confirm(`Remove ${name} from those who may connect? Its readings stay.`))
      void change("remove", `${name} is removed.`);
  };
  const verb = isEnabled ? "Disable" : "Enable";
  return [
    button("New password", rotate, { ...admin, label: `New password for ${name}` }),
    button(verb, toggle, { ...admin, label: `${verb} ${name}` }),
    button("Revoke", revoke, { ...admin, label: `Revoke ${name}` }),
    button("Remove", remove, { ...admin, label: `Remove ${name}` }),
  ];
}

/** Tokens with which devices fetch credentials of their own. */
export const openClaims = openBench<ClaimsAnswer>({
  title: "Claim tokens",
  needs: "operator",
  about: "A device that has one of these fetches a password of its own with it.",
  load: () => ask(() => api.GET("/api/v1/claims")),
  show: ({ claims }, bench) => [
    claims.length === 0
      ? nothing("There are none.")
      : element(
          "ul",
          { class: "desk-list" },
          claims.map(({ name, uses, maxUses, expiresUs }) =>
            element("li", expiresUs / 1000 < Date.now() ? { class: "is-off" } : {}, [
              element("span", { class: "desk-what" }, [
                element("strong", {}, [name]),
                " ",
                element("small", {}, [`${uses} of ${maxUses} used, until ${formatMoment(expiresUs / 1000)}`]),
              ]),
              button("Remove", () => void removeClaim(name, bench), {
                needs: "admin",
                label: `Remove ${name}`,
              }),
            ]),
          ),
        ),
  ],
  forms: (bench) => {
    const name = textInput({ required: "", name: "claim", autocapitalize: "none" });
    const uses = element("input", { type: "number", min: "1", max: "1000000", value: "1", required: "" });
    const days = element("input", { type: "number", min: "1", max: "366", value: "7", required: "" });
    const fields = [field("Name", name), field("Devices", uses), field("Days", days), submit("Make")];
    const make = form(
      fields,
      () =>
        void bench.run(async () => {
          const wish = {
            name: name.value.trim(),
            maxUses: Number(uses.value),
            expiresInSeconds: Number(days.value) * dayS,
          };
          const { token } = await demand(() => api.POST("/api/v1/claims", { body: wish }));
          make.reset();
          bench.showSecret(`Claim token ${wish.name}:`, token);
          return "Shown this once: keep it now.";
        }),
    );
    make.classList.add("needs-admin");
    return [make];
  },
});

async function removeClaim(name: string, bench: Bench): Promise<void> {
  await bench.run(async () => {
    await demand(() => api.DELETE("/api/v1/claims/{name}", { params: { path: { name } } }));
    return `${name} is removed.`;
  });
}

/** Programs that speak MQTT and are no devices. */
export const openServices = openBench<ServicesAnswer>({
  title: "Service accounts",
  needs: "operator",
  about: "Programs that speak MQTT, with the topics they may use.",
  load: () => ask(() => api.GET("/api/v1/services")),
  show: ({ services }, bench) => [
    services.length === 0
      ? nothing("There are none.")
      : element(
          "ul",
          { class: "desk-list" },
          services.map(({ name, userName, isEnabled, publish, subscribe }) => {
            const rights = [
              ...(publish.length === 0 ? [] : [`publishes ${publish.join(", ")}`]),
              ...(subscribe.length === 0 ? [] : [`hears ${subscribe.join(", ")}`]),
            ];
            return element("li", isEnabled ? {} : { class: "is-off" }, [
              element("span", { class: "desk-what" }, [
                element("strong", {}, [userName]),
                " ",
                element("small", {}, [rights.join("; ")]),
              ]),
              ...credentialButtons({ name, isEnabled, work: serviceWork(name) }, bench),
            ]);
          }),
        ),
  ],
  forms: (bench) => {
    const name = textInput({ required: "", name: "service", autocapitalize: "none" });
    const publish = textInput({ name: "publish", placeholder: "devices/+/telemetry/#" });
    const subscribe = textInput({ name: "subscribe", placeholder: "devices/+/alarms" });
    const fields = [
      field("Name", name),
      field("Publishes to", publish),
      field("Hears", subscribe),
      submit("Add"),
    ];
    const add = form(
      fields,
      () =>
        void bench.run(async () => {
          const wish = {
            name: name.value.trim(),
            publish: listOf(publish.value),
            subscribe: listOf(subscribe.value),
          };
          const { userName, password } = await demand(() => api.POST("/api/v1/services", { body: wish }));
          add.reset();
          bench.showSecret(`Password of ${userName}:`, password ?? "");
          return "Shown this once: keep it now.";
        }),
    );
    add.classList.add("needs-admin");
    return [add];
  },
});

function listOf(text: string): string[] {
  return text.split(/[\s,]+/).filter((part) => part !== "");
}

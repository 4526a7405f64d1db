import type { ModelDetail, ModelExample, ModelSummary, ModelTypeSummary } from "../../../schema/model.ts";
import { sensorLabel } from "../../../schema/sensors.ts";
import { button, field, form, nothing, section, submit, table, textInput } from "../parts/controls.ts";
import { withoutKind } from "../parts/names.ts";
import { changeRow } from "../settings/people-rows.ts";
import { element } from "../shell/element.ts";
import { formatMeasure, formatMoment } from "../shell/format.ts";
import {
  describeComparison,
  describeJudging,
  describeOrigin,
  describeShadow,
  describeTraining,
} from "./model-words.ts";
import { changeModels, override, promote, release, type TypeSeen, train } from "./models-api.ts";

/** Does something about the models, and says what came of it. */
type Run = (work: () => Promise<string>) => Promise<boolean>;

const operator = { needs: "operator" } as const;

/** Everything about the models of one sensor type. */
export function renderType(seen: TypeSeen, run: Run): readonly HTMLElement[] {
  const { type, versions, candidate, changes } = seen;
  return [
    section(sensorLabel(type.sensorType), [
      element("p", {}, [
        "Judged by ",
        element("strong", { "data-judging": type.judging }, [describeJudging(type)]),
      ]),
      ...describeTraining(type).map((text) => element("p", { class: "desk-note" }, [text])),
      renderButtons(type, run),
    ]),
    ...(candidate === null ? [] : [renderCandidate(type, candidate, run)]),
    section("Versions", [renderVersions(type, versions, run)]),
    section("Devices with a version of their own", renderOverrides(type, versions, run)),
    ...(changes.length === 0
      ? []
      : [section("Who did what", [element("ol", { class: "desk-list" }, changes.map(changeRow))])]),
  ];
}

function renderButtons(type: ModelTypeSummary, run: Run): HTMLElement {
  const { sensorType, isPinned, order, active } = type;
  const act = (verb: "rollback" | "pin" | "unpin", said: string) => () =>
    void run(async () => {
      await changeModels(type, verb);
      return said;
    });
  const orderTraining = () =>
    void run(async () => {
      await train(type);
      return "A training is ordered; its version appears here as a candidate.";
    });
  const trainButton = button("Train", orderTraining, operator);
  trainButton.disabled = order !== null;
  const back = button("Roll back", act("rollback", "The version before judges again."), operator);
  back.disabled = active === null;
  const pin = isPinned
    ? button("Unpin", act("unpin", `${sensorLabel(sensorType)} is trained by the schedule again.`), operator)
    : button("Pin", act("pin", "No schedule trains it any more."), operator);
  return element("div", { class: "desk-buttons models-buttons" }, [trainButton, back, pin]);
}

function renderCandidate(type: ModelTypeSummary, candidate: ModelDetail, run: Run): HTMLElement {
  const { name, version, replay, shadow } = candidate;
  const promote = button("Promote", () => void promoteVersion(type, version, run), {
    ...operator,
    label: `Promote ${name}`,
  });
  const examples =
    replay === null
      ? []
      : [
          ...renderExamples("Only the active model flags", replay.onlyActive, type.sensorType),
          ...renderExamples("Only this one flags", replay.onlyCandidate, type.sensorType),
        ];
  return section(`Candidate ${name}`, [
    element("p", {}, [
      replay === null ? "It was not compared on stored readings." : describeComparison(replay),
    ]),
    element("p", { class: "desk-note" }, [`Live: ${describeShadow(shadow)}.`]),
    ...examples,
    element("div", { class: "desk-buttons models-buttons" }, [promote]),
  ]);
}

function promoteVersion(type: ModelTypeSummary, version: number, run: Run): Promise<boolean> {
  return run(async () => {
    await promote(type, version);
    return `Version ${version} judges from now on.`;
  });
}

function renderExamples(title: string, examples: readonly ModelExample[], sensorType: string): HTMLElement[] {
  if (examples.length === 0) return [];
  const rows = examples.map(({ deviceId, timestampUs, value, sentence }) =>
    element("li", {}, [
      element("span", { class: "desk-what" }, [
        element("strong", {}, [deviceId]),
        ` ${formatMeasure(sensorType, value)} `,
        element("small", {}, [`${formatMoment(timestampUs / 1000)}. ${sentence}`]),
      ]),
    ]),
  );
  return [element("h4", {}, [title]), element("ul", { class: "desk-list" }, rows)];
}

function renderVersions(type: ModelTypeSummary, versions: readonly ModelSummary[], run: Run): HTMLElement {
  if (versions.length === 0) return nothing("None was trained yet.");
  const columns = ["Version", "State", "Made", "Learnt from", "Verified", "What to do"].map((name) => ({
    name,
  }));
  const rows = versions.map((model) => {
    const { version, name, state, createdUs, createdBy, isKept, verifiedUs } = model;
    const promote = button("Promote", () => void promoteVersion(type, version, run), {
      ...operator,
      label: `Promote ${name} from the list`,
    });
    const grow = () =>
      void run(async () => {
        await train(type, version);
        return `Version ${version} is being grown again.`;
      });
    const again = button("Grow again", grow, { ...operator, label: `Grow ${name} again` });
    return [
      name,
      state,
      `${formatMoment(createdUs / 1000)} by ${withoutKind(createdBy)}`,
      describeOrigin(model),
      verifiedUs === null ? "–" : formatMoment(verifiedUs / 1000),
      state === "active" ? "–" : isKept ? promote : again,
    ];
  });
  return table(`Versions of ${type.sensorType}, the newest first`, columns, rows);
}

function renderOverrides(
  type: ModelTypeSummary,
  versions: readonly ModelSummary[],
  run: Run,
): readonly HTMLElement[] {
  const rows = type.overrides.map(({ deviceId, version, by, atUs }) =>
    element("li", {}, [
      element("span", { class: "desk-what" }, [
        element("strong", {}, [deviceId]),
        ` version ${version} `,
        element("small", {}, [`by ${withoutKind(by)}, ${formatMoment(atUs / 1000)}`]),
      ]),
      button(
        "Release",
        () =>
          void run(async () => {
            await release(type, deviceId);
            return `${deviceId} is judged as its type is.`;
          }),
        { ...operator, label: `Release ${deviceId}` },
      ),
    ]),
  );
  const list =
    rows.length === 0 ? nothing("None: all are judged alike.") : element("ul", { class: "desk-list" }, rows);
  const kept = versions.filter(({ isKept }) => isKept);
  if (kept.length === 0) return [list];
  const device = textInput({ required: "", name: "device", autocapitalize: "none" });
  const version = element(
    "select",
    { name: "version" },
    kept.map((one) => element("option", { value: String(one.version) }, [one.name])),
  );
  const add = form(
    [field("Device id", device), field("Version", version), submit("Set")],
    () =>
      void run(async () => {
        const wish = { deviceId: device.value.trim(), version: Number(version.value) };
        await override(type, wish);
        return `${wish.deviceId} is judged by version ${wish.version}.`;
      }),
  );
  add.classList.add("needs-operator");
  return [list, add];
}

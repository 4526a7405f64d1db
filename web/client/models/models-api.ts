import type {
  ModelDetail,
  ModelsAnswer,
  ModelTypeAnswer,
  ModelTypeSummary,
  ModelVersionAnswer,
} from "../../../schema/model.ts";
import type { AuditAnswer } from "../../../schema/operator-api.ts";
import { ask, demand } from "../shell/server-api.ts";
import { may } from "../shell/signing.ts";

const changesShown = 20;

/** Everything that is shown of one sensor type. */
export interface TypeSeen extends ModelTypeAnswer {
  /** With the comparison on stored readings; null without a candidate. */
  readonly candidate: ModelDetail | null;
  /** Who did what, the newest first; empty for those who may not see the record of changes. */
  readonly changes: AuditAnswer["changes"];
}

export async function fetchTypes(): Promise<readonly ModelTypeSummary[]> {
  return (await ask<ModelsAnswer>("models")).types;
}

export async function fetchType(sensorType: string): Promise<TypeSeen> {
  const path = pathOf(sensorType);
  const answer = await ask<ModelTypeAnswer>(path);
  const number = answer.type.candidate;
  const [candidate, changes] = await Promise.all([
    number === null ? null : ask<ModelVersionAnswer>(`${path}/versions/${number}`).then(({ model }) => model),
    changesOf(sensorType),
  ]);
  return { ...answer, candidate, changes };
}

async function changesOf(target: string): Promise<AuditAnswer["changes"]> {
  if (!may("admin")) return [];
  const query = new URLSearchParams({ target, limit: String(changesShown) });
  return (await ask<AuditAnswer>(`audit?${query}`)).changes;
}

/** Does as an operator wishes; `revision` is the one that was looked at. */
export async function changeModels(
  { sensorType, revision }: ModelTypeSummary,
  verb: "promote" | "rollback" | "pin" | "unpin",
  wish: object = {},
): Promise<void> {
  await demand("POST", `${pathOf(sensorType)}/${verb}`, { revision, ...wish });
}

/** Orders a new version, or that one is grown again. */
export async function train({ sensorType }: ModelTypeSummary, version?: number): Promise<void> {
  await demand("POST", `${pathOf(sensorType)}/train`, version === undefined ? {} : { version });
}

/** Has a device judged by a version of its own. */
export async function override(
  { sensorType, revision }: ModelTypeSummary,
  { deviceId, version }: { readonly deviceId: string; readonly version: number },
): Promise<void> {
  const path = `${pathOf(sensorType)}/devices/${encodeURIComponent(deviceId)}`;
  await demand("PUT", path, { revision, version });
}

/** Has a device judged as its type is. */
export async function release({ sensorType, revision }: ModelTypeSummary, deviceId: string): Promise<void> {
  const path = `${pathOf(sensorType)}/devices/${encodeURIComponent(deviceId)}`;
  await demand("DELETE", `${path}?revision=${revision}`);
}

function pathOf(sensorType: string): string {
  return `models/${encodeURIComponent(sensorType)}`;
}

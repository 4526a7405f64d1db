import type { ModelDetail, ModelTypeAnswer, ModelTypeSummary } from "../../../schema/model.ts";
import type { AuditAnswer } from "../../../schema/operator-api.ts";
import { api, ask, demand } from "../api/asking.ts";
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
  return (await ask(() => api.GET("/api/v1/models"))).types;
}

export async function fetchType(sensorType: string): Promise<TypeSeen> {
  const answer = await ask(() =>
    api.GET("/api/v1/models/{type}", { params: { path: { type: sensorType } } }),
  );
  const number = answer.type.candidate;
  const [candidate, changes] = await Promise.all([
    number === null ? null : fetchVersion(sensorType, number),
    changesOf(sensorType),
  ]);
  return { ...answer, candidate, changes };
}

async function fetchVersion(type: string, version: number): Promise<ModelDetail> {
  const params = { path: { type, version } };
  return (await ask(() => api.GET("/api/v1/models/{type}/versions/{version}", { params }))).model;
}

async function changesOf(target: string): Promise<AuditAnswer["changes"]> {
  if (!may("admin")) return [];
  const query = { target, limit: changesShown };
  return (await ask(() => api.GET("/api/v1/audit", { params: { query } }))).changes;
}

/** Does as an operator wishes; `revision` is the one that was looked at. */
export async function changeModels(
  { sensorType, revision }: ModelTypeSummary,
  verb: "rollback" | "pin" | "unpin",
): Promise<void> {
  const wish = { params: { path: { type: sensorType } }, body: { revision } };
  await demand(() => api.POST(`/api/v1/models/{type}/${verb}`, wish));
}

/** Has a version judge from now on. */
export async function promote({ sensorType, revision }: ModelTypeSummary, version: number): Promise<void> {
  const wish = { params: { path: { type: sensorType } }, body: { revision, version } };
  await demand(() => api.POST("/api/v1/models/{type}/promote", wish));
}

/** Orders a new version, or that one is grown again. */
export async function train({ sensorType }: ModelTypeSummary, version?: number): Promise<void> {
  const wish = {
    params: { path: { type: sensorType } },
    body: version === undefined ? {} : { version },
  };
  await demand(() => api.POST("/api/v1/models/{type}/train", wish));
}

/** Has a device judged by a version of its own. */
export async function override(
  { sensorType, revision }: ModelTypeSummary,
  { deviceId, version }: { readonly deviceId: string; readonly version: number },
): Promise<void> {
  const wish = { params: { path: { type: sensorType, deviceId } }, body: { revision, version } };
  await demand(() => api.PUT("/api/v1/models/{type}/devices/{deviceId}", wish));
}

/** Has a device judged as its type is. */
export async function release({ sensorType, revision }: ModelTypeSummary, deviceId: string): Promise<void> {
  const params = { path: { type: sensorType, deviceId }, query: { revision } };
  await demand(() => api.DELETE("/api/v1/models/{type}/devices/{deviceId}", { params }));
}

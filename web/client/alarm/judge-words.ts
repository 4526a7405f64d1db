import type { AnomalySummary } from "../../../schema/api.ts";

/** Of a reading: who judged it, and how sure it could be. */
export type Judged = Pick<AnomalySummary, "modelVersion" | "confidence" | "learning">;

/** The model with its version, `temperature@2`, as the page of the models has it. */
export function describeModel(modelVersion: string): string {
  if (modelVersion === "none") return "none: judged by its own history";
  return modelVersion.includes("@factory-") ? `${modelVersion}, the model the type comes with` : modelVersion;
}

/** `87 of 100`, and how far it was with learning where it had not learnt enough. */
export function describeConfidence({ confidence, learning }: Judged): string {
  const sure = `${Math.round(confidence * 100)} of 100`;
  return learning === null ? sure : `${sure}, learning ${learning.readings}/${learning.of}`;
}

type Found = Judged & Pick<AnomalySummary, "sensorType" | "value" | "score">;

/** The reading that the worst of an alarm was; undefined where it is not among these. */
export function worstAmong<Anomaly extends Found>(
  anomalies: readonly Anomaly[],
  { sensorType, value }: { readonly sensorType: string; readonly value: number | null },
): Anomaly | undefined {
  return anomalies
    .filter((anomaly) => anomaly.sensorType === sensorType && anomaly.value === value)
    .toSorted((a, b) => b.score - a.score)[0];
}

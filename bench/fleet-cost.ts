import { growFactoryModels } from "../processor/factory.ts";
import type { Model } from "../processor/model.ts";
import { normalNumber, seededRandom } from "../processor/random.ts";
import { scoreReading } from "../processor/score.ts";
import { newSeries } from "../processor/series.ts";

const sensorType = "temperature";
const series = 200;
const readingsEach = 2000;
const rounds = 3;

/**
 * What a reading costs in a fleet, in µs of CPU: series of one type take turns, as they do in a batch, so that none is at hand for the
 * next. With the forest of the type and without, the least of some rounds.
 */
export function fleetCost(): { withForestUs: number; withoutUs: number } {
  const model = growFactoryModels().get(sensorType);
  const costs = Array.from({ length: rounds }, () => [readingUs(model), readingUs(undefined)] as const);
  const least = (place: 0 | 1): number => Number(Math.min(...costs.map((cost) => cost[place])).toFixed(2));
  return { withForestUs: least(0), withoutUs: least(1) };
}

function readingUs(model: Model | undefined): number {
  const random = seededRandom(1);
  const states = Array.from({ length: series }, () => newSeries(sensorType));
  const values = Float64Array.from(
    { length: series * readingsEach },
    () => Math.round(100 * (22 + 0.15 * normalNumber(random))) / 100,
  );
  const before = process.cpuUsage();
  for (let turn = 0; turn < readingsEach; turn++) {
    for (const [place, state] of states.entries()) {
      const value = values[turn * series + place] ?? 0;
      scoreReading({ deviceId: "d", sensorType, timestampUs: (turn + 1) * 1e6, value }, state, model);
    }
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / values.length;
}

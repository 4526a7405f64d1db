/**
 * How far the surprises of one series usually reach: peaks over a threshold (Pickands 1975; as a stream, Siffer et al. 2017), one peak a
 * cluster, so that what is counted are false alarms and not the readings of one.
 */
export interface Tail {
  /** The surprise that one reading in fifty exceeds. */
  threshold: number;
  /** Clusters beyond the threshold, a reading, and how many readings that stands for. */
  rate: number;
  readings: number;
  /** Mean of the clusters' highest excesses, and how many clusters it stands for. */
  mean: number;
  clusters: number;
  /** The highest excess of the cluster under way, and how many readings in a row were below the threshold. */
  peak: number;
  quiet: number;
  /** How many readings in a row were beyond it. */
  run: number;
}

const beyond = 0.02;
const step = 0.05;
const fall = Math.exp((-step * beyond) / (1 - beyond));
/** Readings below the threshold that end a cluster. */
const endsAfter = 16;
/** What is believed beforehand weighs as much as so many clusters, and readings. */
const beliefClusters = 8;
const beliefReadings = 500;
const mostClusters = 128;
const mostReadings = 4000;
/** A series that never stirs would take anything for a wonder. */
const lowestThreshold = 1;
const lowestRate = 1e-4;
const lowestMean = 0.1;
/** An excess teaches no more than this many usual ones: a great anomaly must not make the next one usual. */
const mostTaught = 6;

// What a normal signal's surprises look like.
export function newTail(): Tail {
  return {
    threshold: 1.7,
    rate: 0.01,
    readings: beliefReadings,
    clusters: beliefClusters,
    mean: 0.35,
    peak: 0,
    quiet: endsAfter,
    run: 0,
  };
}

/** How rare a surprise is in its series: the expected clusters a reading that reach as far, as a natural logarithm; falls with it. */
export function logRarity(tail: Tail, surprise: number): number {
  const excess = surprise - tail.threshold;
  const logRate = Math.log(tail.rate);
  if (excess <= 0) return (logRate * Math.max(surprise, 0)) / tail.threshold;
  // Beyond a high threshold what exceeds it falls off exponentially (a generalised Pareto distribution of shape 0). With the shape fitted as
  // well, a fault made the tail heavy: of bursts of noise after others 27 % were missed instead of 14 %, at as many false alarms.
  return logRate - excess / tail.mean;
}

/** Whether no cluster is under way. */
export function isCalm(tail: Tail): boolean {
  return tail.quiet >= endsAfter;
}

/** Lets the tail learn a surprise. */
export function learnTail(tail: Tail, surprise: number): void {
  const excess = surprise - tail.threshold;
  const isBeyond = excess > 0;
  const isNew = isBeyond && isCalm(tail);
  tail.readings = Math.min(tail.readings + 1, mostReadings);
  tail.rate = Math.max(tail.rate + ((isNew ? 1 : 0) - tail.rate) / tail.readings, lowestRate);
  if (isBeyond) {
    const taught = Math.min(excess, mostTaught * tail.mean);
    // The cluster counts with its peak: a reading that reaches further takes the place of the one before.
    const known = isNew ? tail.mean : tail.peak;
    if (isNew) tail.clusters = Math.min(tail.clusters + 1, mostClusters);
    if (isNew || taught > tail.peak) {
      tail.mean = Math.max(tail.mean + (taught - known) / tail.clusters, lowestMean);
      tail.peak = taught;
    }
  }
  tail.quiet = isBeyond ? 0 : Math.min(tail.quiet + 1, endsAfter);
  tail.run = isBeyond ? tail.run + 1 : 0;
  // Readings that follow on one another are one surprise, and lift it ever less.
  const factor = isBeyond ? Math.exp(step / tail.run) : fall;
  tail.threshold = Math.max(tail.threshold * factor, lowestThreshold);
}

/**
 * How a quantity behaves: on a line; round a circle, whose ends its physical range names; as a count that only grows, or begins anew; over
 * orders of magnitude; yes or no; or in steps that somebody sets.
 */
export type SensorKind = "linear" | "circular" | "counter" | "logarithmic" | "boolean" | "stepped";

/** What the platform knows of a sensor type before it has seen a single reading. */
export interface SensorType {
  readonly name: string;
  /** As an operator would say it at the start of a sentence. */
  readonly label: string;
  readonly unit: string;
  readonly kind: SensorKind;
  /** What the quantity can physically be; a value outside is an anomaly whatever the model says. */
  readonly physical: Range;
  /** Where an ordinary device lives; speaks for a device until it has a history of its own. Null where there is no such place. */
  readonly typical: Range | null;
  /** The spread of an undisturbed sensor around its own level, one standard deviation, in the unit (logarithmic: of the logarithm). */
  readonly noise: number;
}

export interface Range {
  readonly low: number;
  readonly high: number;
}

const table: readonly SensorType[] = [
  {
    name: "temperature",
    label: "Temperature",
    unit: "°C",
    kind: "linear",
    physical: { low: -273.15, high: 2000 },
    // The ancestor's training range; its users' clients rely on 20 to 25 being normal.
    typical: { low: 20, high: 25 },
    noise: 0.15,
  },
  {
    name: "humidity",
    label: "Humidity",
    unit: "%",
    kind: "linear",
    physical: { low: 0, high: 100 },
    typical: { low: 40, high: 60 },
    noise: 0.6,
  },
  {
    name: "pressure",
    label: "Pressure",
    unit: "hPa",
    kind: "linear",
    physical: { low: 0, high: 20_000 },
    typical: { low: 990, high: 1030 },
    noise: 0.4,
  },
  {
    name: "vibration",
    label: "Vibration",
    unit: "mm/s",
    kind: "linear",
    physical: { low: 0, high: 1000 },
    // ISO 10816-3 zones A and B for medium machines end at 2.8 and 4.5 mm/s RMS.
    typical: { low: 0.4, high: 4.5 },
    noise: 0.25,
  },
  {
    name: "battery_voltage",
    label: "Battery voltage",
    unit: "V",
    kind: "linear",
    physical: { low: 0, high: 100 },
    typical: { low: 3.3, high: 4.2 },
    noise: 0.01,
  },
  {
    name: "wind_direction",
    label: "Wind direction",
    unit: "°",
    kind: "circular",
    physical: { low: 0, high: 360 },
    typical: null,
    noise: 5,
  },
  {
    name: "illuminance",
    label: "Illuminance",
    unit: "lx",
    kind: "logarithmic",
    physical: { low: 0, high: 200_000 },
    typical: null,
    noise: 0.05,
  },
  {
    name: "energy",
    label: "Energy",
    unit: "kWh",
    kind: "counter",
    physical: { low: 0, high: 1e12 },
    typical: null,
    noise: 0,
  },
  {
    name: "door",
    label: "Door",
    unit: "",
    kind: "boolean",
    physical: { low: 0, high: 1 },
    typical: null,
    noise: 0,
  },
  {
    name: "setpoint",
    label: "Setpoint",
    unit: "",
    kind: "stepped",
    physical: { low: -1e9, high: 1e9 },
    typical: null,
    noise: 0,
  },
];

/** The sensor types that the platform knows, by name; those with a typical range come with a factory model. */
export const sensorTypes: ReadonlyMap<string, SensorType> = new Map(table.map((type) => [type.name, type]));

/** How an operator reads a sensor type: `battery_voltage` → `Battery voltage`; unknown names are made readable. */
export function sensorLabel(name: string): string {
  const known = sensorTypes.get(name);
  if (known !== undefined) return known.label;
  const words = name.replaceAll(/[_.:-]+/g, " ").trim();
  return words.length === 0 ? name : words[0]?.toUpperCase() + words.slice(1);
}

/** The unit of a sensor type, or an empty text when it is not known. */
export function sensorUnit(name: string): string {
  return sensorTypes.get(name)?.unit ?? "";
}

/** What the platform knows of a sensor type before it has seen a single reading. */
export interface SensorType {
  readonly name: string;
  /** As an operator would say it at the start of a sentence. */
  readonly label: string;
  readonly unit: string;
  /** What the quantity can physically be; a value outside is an anomaly whatever the model says. */
  readonly physical: Range;
  /** Where an ordinary device lives; speaks for a device until it has a history of its own. */
  readonly typical: Range;
  /** The spread of an undisturbed sensor around its own level, one standard deviation, in the unit. */
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
    physical: { low: -273.15, high: 2000 },
    // The ancestor's training range; its users' clients rely on 20 to 25 being normal.
    typical: { low: 20, high: 25 },
    noise: 0.15,
  },
  {
    name: "humidity",
    label: "Humidity",
    unit: "%",
    physical: { low: 0, high: 100 },
    typical: { low: 40, high: 60 },
    noise: 0.6,
  },
  {
    name: "pressure",
    label: "Pressure",
    unit: "hPa",
    physical: { low: 0, high: 20_000 },
    typical: { low: 990, high: 1030 },
    noise: 0.4,
  },
  {
    name: "vibration",
    label: "Vibration",
    unit: "mm/s",
    physical: { low: 0, high: 1000 },
    // ISO 10816-3 zones A and B for medium machines end at 2.8 and 4.5 mm/s RMS.
    typical: { low: 0.4, high: 4.5 },
    noise: 0.25,
  },
  {
    name: "battery_voltage",
    label: "Battery voltage",
    unit: "V",
    physical: { low: 0, high: 100 },
    typical: { low: 3.3, high: 4.2 },
    noise: 0.01,
  },
];

/** The sensor types that come with a factory model, by name. */
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

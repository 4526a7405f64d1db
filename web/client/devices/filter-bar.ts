import { deviceOrders, deviceStates } from "../../../schema/device-state.ts";
import { sensorLabel } from "../../../schema/sensors.ts";
import { element } from "../shell/element.ts";
import { type DeviceFilter, filterOf } from "./device-filter.ts";

/** So long after the last key the list is asked for. */
const settleMs = 250;
const orderWords = { name: "By name", "last-seen": "Heard of last", alarms: "Most alarms" };

/** What is searched for, chosen and sorted by. */
export class FilterBar {
  readonly element: HTMLElement;
  readonly #search = element("input", {
    ...{ type: "search", id: "search", placeholder: "Search", autocomplete: "off", spellcheck: "false" },
    ...{ "aria-label": "Search devices", "aria-keyshortcuts": "/" },
  });
  readonly #type: HTMLSelectElement;
  readonly #state: HTMLSelectElement;
  readonly #sort: HTMLSelectElement;
  readonly #onChange: (filter: DeviceFilter) => void;
  #timer: number | undefined;

  constructor(filter: DeviceFilter, types: readonly string[], onChange: (filter: DeviceFilter) => void) {
    this.#onChange = onChange;
    const all = (
      label: string,
      values: readonly (readonly [string, string])[],
    ): readonly (readonly [string, string])[] => [["", label], ...values];
    this.#type = choice(
      "Type",
      all(
        "All types",
        types.map((type) => [type, sensorLabel(type)] as const),
      ),
    );
    this.#state = choice(
      "State",
      all(
        "All states",
        deviceStates.map((state) => [state, state.replace("-", " ")] as const),
      ),
    );
    this.#sort = choice(
      "Order",
      deviceOrders.map((order) => [order, orderWords[order]] as const),
    );
    this.element = element("form", { class: "filter-bar", role: "search" }, [
      this.#search,
      this.#type,
      this.#state,
      this.#sort,
    ]);
    this.element.addEventListener("submit", (event) => event.preventDefault());
    this.element.addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#timer = window.setTimeout(() => this.#onChange(this.#read()), settleMs);
    });
    this.show(filter);
  }

  show({ q, type, state, sort }: DeviceFilter): void {
    this.#search.value = q;
    if (type !== "" && ![...this.#type.options].some(({ value }) => value === type))
      this.#type.append(element("option", { value: type }, [type]));
    this.#type.value = type;
    this.#state.value = state;
    this.#sort.value = sort;
  }

  #read(): DeviceFilter {
    const [q, type, state, sort] = [
      this.#search.value.trim(),
      this.#type.value,
      this.#state.value,
      this.#sort.value,
    ];
    return filterOf(new URLSearchParams({ q, type, state, sort }));
  }
}

function choice(label: string, options: readonly (readonly [string, string])[]): HTMLSelectElement {
  const made = options.map(([value, text]) => element("option", { value }, [text]));
  return element("select", { "aria-label": label }, made);
}

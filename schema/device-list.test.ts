import fc from "fast-check";
import { expect, test } from "vitest";
import { formatCsv, parseDeviceList } from "./device-list.ts";

const devicesIn = (text: string) => {
  const list = parseDeviceList(text);
  if ("faults" in list) throw new Error(JSON.stringify(list.faults));
  return list.devices.map(({ labels, ...device }) => ({ ...device, labels: { ...labels } }));
};

const faultsIn = (text: string) => {
  const list = parseDeviceList(text);
  return "faults" in list ? list.faults : [];
};

test("a list names devices, some with a password and labels", () => {
  const text = [
    "device_id,password,labels",
    "press-01",
    "",
    'press-02,"a, long ""password""",site=hall 2;line=3',
    "büro 3,,site=Büro",
  ].join("\r\n");
  expect(devicesIn(text)).toEqual([
    { line: 2, deviceId: "press-01", password: undefined, labels: {} },
    { line: 4, deviceId: "press-02", password: 'a, long "password"', labels: { site: "hall 2", line: "3" } },
    { line: 5, deviceId: "büro 3", password: undefined, labels: { site: "Büro" } },
  ]);
});

test("columns may come in any order, and a byte order mark before them", () => {
  expect(devicesIn("\uFEFFLabels,Device_ID\nsite=a,press-01\n")).toMatchObject([
    { deviceId: "press-01", labels: { site: "a" } },
  ]);
  expect(devicesIn("device_id\n")).toEqual([]);
});

test.each([
  ["", 1, /first line/],
  ["id\npress-01", 1, /first line/],
  ["device_id,colour\npress-01,red", 1, /first line/],
  ["device_id,device_id\na,b", 1, /first line/],
  ["device_id\na/b", 2, /device id/],
  ["device_id\nservice", 2, /service accounts/],
  ["device_id\na\n\nb\na", 5, /line 2 already/],
  ["device_id,password\na,short", 2, /12 to 128/],
  ["device_id,password,labels\na,,site", 2, /name=text/],
  ["device_id,password,labels\na,,__proto__=x", 2, /name=text/],
  ["device_id\na,b", 2, /2 columns/],
  ['device_id\n"a', 2, /quote/],
  ['device_id\na"b"', 2, /quote/],
])("of %j line %i is at fault", (text, line, reason) => {
  expect(faultsIn(text)).toContainEqual({ line, reason: expect.stringMatching(reason) });
});

test("all faults are told at once", () => {
  expect(faultsIn("device_id,password\na/b,short\n#,\nfine,\n").map(({ line }) => line)).toEqual([2, 2, 3]);
});

test("whatever is written as CSV is read again as it was", () => {
  const ids = fc.uniqueArray(
    fc
      .string({ unit: fc.constantFrom("a", "b", '"', ",", "é", " ", "="), minLength: 1, maxLength: 8 })
      .filter((id) => id.trim() === id),
    { maxLength: 20 },
  );
  fc.assert(
    fc.property(ids, (deviceIds) => {
      const text = formatCsv([["device_id"], ...deviceIds.map((deviceId) => [deviceId])]);
      expect(devicesIn(text).map(({ deviceId }) => deviceId)).toEqual(deviceIds);
    }),
  );
});

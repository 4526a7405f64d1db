import { expect, test } from "vitest";
import { clientIdAt, withAccount } from "./account.ts";

const printed = "user_name,password\nservice/simulators,s3c-r_et\n";

test("an account is put into the URL as services add prints it, and names the connections", () => {
  const url = withAccount("mqtt://broker:1883", printed);
  expect(url).toBe("mqtt://service%2Fsimulators:s3c-r_et@broker:1883");
  expect(clientIdAt(url, "press-01")).toBe("service/simulators/press-01");
});

test("a device is its own account, and without one a client id is what it was", () => {
  expect(clientIdAt("mqtt://press-01:x@broker", "press-01")).toBe("press-01");
  expect(clientIdAt("mqtt://broker", "press-01")).toBe("press-01");
});

test.each(["", "hunter2", "user_name,password\n", "user_name,password\nservice/x,\n"])(
  "%j is no account",
  (csv) => {
    expect(() => withAccount("mqtt://broker", csv)).toThrow(RangeError);
  },
);

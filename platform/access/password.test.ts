import { describe, expect, test, vi } from "vitest";
import { generatePassword, hashPassword, verifyPassword } from "./password.ts";

// A chosen one is dear on purpose.
vi.setConfig({ testTimeout: 60_000 });

describe.each(["chosen", "generated"] as const)("a %s password", (origin) => {
  test("is known again, and no other is taken for it", async () => {
    const stored = await hashPassword("grün wie Gras", origin);
    expect(await verifyPassword("grün wie Gras", stored)).toBe(true);
    expect(await verifyPassword(Buffer.from("grün wie Gras"), stored)).toBe(true);
    for (const wrong of ["", "grün wie Gra", "grün wie Gras ", "Grün wie Gras"])
      expect(await verifyPassword(wrong, stored)).toBe(false);
  });

  test("is kept in another form each time, and never as it is", async () => {
    const [one, other] = await Promise.all([
      hashPassword("secret-word", origin),
      hashPassword("secret-word", origin),
    ]);
    expect(one).not.toBe(other);
    expect(one).not.toContain("secret-word");
  });
});

test("a form of another cost is still understood", async () => {
  // scrypt of RFC 7914, section 12: P="password", S="NaCl", N=1024, r=8, p=16; the first 32 of its 64 bytes.
  const hash = Buffer.from("fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162", "hex");
  const stored = `$scrypt$ln=10,r=8,p=16$${Buffer.from("NaCl").toString("base64url")}$${hash.toString("base64url")}`;
  expect(await verifyPassword("password", stored)).toBe(true);
});

test.each([
  "",
  "secret-word",
  "$scrypt$ln=8,r=8,p=1$",
  "$scrypt$ln=8,r=8,p=1$AAAA$",
  "$argon2id$v=19$m=1$a$b",
])("nothing is the password of the unreadable form %j", async (stored) =>
  expect(await verifyPassword("", stored)).toBe(false),
);

test("generated passwords are long, different, and safe in a URL, a CSV file and a shell", () => {
  const passwords = Array.from({ length: 100 }, generatePassword);
  expect(new Set(passwords).size).toBe(100);
  for (const password of passwords) expect(password).toMatch(/^\w[\w-]{23}$/);
});

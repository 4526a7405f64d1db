import { describe, expect, test } from "vitest";
import { readConfig, type ServiceName, serviceNames, withoutPassword } from "./config.ts";
import { needsCertificate, plainMqttHost } from "./http/tls-listeners.ts";

const servers = { REDIS_URL: "redis://redis:6379", DATABASE_URL: "postgres://db/tidemark" };

/** The message of a configuration that is refused. */
function refusal(env: Record<string, string>, services: readonly ServiceName[] = serviceNames): string {
  try {
    readConfig(services, env);
  } catch (error) {
    expect(error).toMatchObject({ code: "CONFIG_INVALID", retryable: false });
    return String(error);
  }
  throw new Error("the configuration was accepted");
}

describe("an empty environment", () => {
  const config = readConfig(serviceNames, {});

  test("is a whole platform on this machine, without servers", () => {
    expect(config).toMatchObject({
      HOST: "127.0.0.1",
      MQTT_PORT: 1883,
      MQTT_WS_PORT: 8083,
      HTTP_PORT: 8080,
      WEB_PORT: 8080,
      DATABASE_URL: null,
      REDIS_URL: null,
      DATA_DIR: "./data",
      SHARDS: 1,
    });
  });

  test("gives a configuration that nobody can change", () => {
    expect(Object.isFrozen(config)).toBe(true);
  });
});

test("an empty or blank variable counts as not set, and blanks around a value do not count", () => {
  const config = readConfig(serviceNames, { HTTP_PORT: "", LOG_LEVEL: "  ", MQTT_PORT: " 1884 " });
  expect(config).toMatchObject({ HTTP_PORT: 8080, LOG_LEVEL: "info", MQTT_PORT: 1884 });
});

test("the console's port is the one of HTTP unless it is set", () => {
  expect(readConfig(serviceNames, { HTTP_PORT: "9000" }).WEB_PORT).toBe(9000);
  expect(readConfig(serviceNames, { HTTP_PORT: "9000", WEB_PORT: "0" }).WEB_PORT).toBe(0);
});

test("all faults are in one message, one a line, with what is expected", () => {
  const message = refusal({
    HTTP_PORT: "80a",
    MQTT_PORT: "65536",
    LOG_LEVEL: "loud",
    SHARDS: "many",
    REDIS_URL: "http://redis",
    HOST: "0.0.0.0",
  });
  expect(message.split("\n  ").slice(1)).toEqual([
    expect.stringMatching(/^MQTT_PORT: expected a whole number from 0 to 65535, got "65536"$/),
    expect.stringMatching(/^HTTP_PORT: expected a whole number from 0 to 65535, got "80a"$/),
    expect.stringMatching(/^REDIS_URL: expected a URL beginning with redis:\/\/ or rediss:\/\//),
    expect.stringMatching(/^SHARDS: expected a whole number from 1 to 256, got "many"$/),
    expect.stringMatching(/^LOG_LEVEL: expected one of info, trace, .*, got "loud"$/),
    expect.stringMatching(/^HOST: 0\.0\.0\.0 /),
  ]);
});

test.each([
  ["MQTT_PORT", "-1"],
  ["MQTT_PORT", "1.5"],
  ["MQTT_PORT", "0x10"],
  ["MQTT_PORT", "1e3"],
  ["MAX_CONNECT_BYTES", "255"],
  ["MAX_PACKET_BYTES", "2047"],
  ["SHARDS", "0"],
  ["SHARDS", "257"],
  ["LEGACY_HTTP_OPEN", "TRUE"],
  ["ACCESS", "closed"],
  ["DATABASE_URL", "mysql://db"],
  ["DATABASE_URL", "db:5432"],
])("%s=%s is refused", (name, value) => {
  expect(refusal({ [name]: value })).toContain(`${name}: expected`);
});

test("a value that may hold a password is never repeated", () => {
  const message = refusal({ DATABASE_URL: "mysql://tidemark:secret@db", REDIS_URL: ":secret@redis" });
  expect(message).toContain("DATABASE_URL");
  expect(message).not.toContain("secret");
});

describe("a URL without its password", () => {
  test.each([
    ["postgres://tidemark:secret@db:5432/tidemark", "postgres://tidemark:***@db:5432/tidemark"],
    ["redis://:secret@redis", "redis://:***@redis"],
    ["redis://redis:6379/1", "redis://redis:6379/1"],
    ["secret", "(not a URL)"],
  ])("%s is shown as %s", (url, shown) => {
    expect(withoutPassword(url)).toBe(shown);
  });
});

describe("the network", () => {
  test.each(["127.0.0.1", "127.0.0.2", "localhost", "::1"])("%s needs no credentials", (host) => {
    expect(readConfig(serviceNames, { HOST: host })).toMatchObject({ HOST: host, ACCESS: "open" });
  });

  const key = "0123456789abcdef";
  test.each(["0.0.0.0", "::", "192.168.1.5", "plant.example.com"])("%s needs them", (host) => {
    const ways = /^ {2}HOST: .*HOST=127\.0\.0\.1; .*LEGACY_HTTP_KEY.*; .*LEGACY_HTTP_OPEN=true/m;
    for (const env of [{}, { LEGACY_HTTP_KEY: key }, { LEGACY_HTTP_OPEN: "true" }, { ACCESS: "credentials" }])
      expect(refusal({ HOST: host, ...env })).toMatch(ways);
    for (const env of [{ LEGACY_HTTP_KEY: key }, { LEGACY_HTTP_OPEN: "true" }])
      expect(readConfig(serviceNames, { HOST: host, ACCESS: "credentials", ...env }).HOST).toBe(host);
  });

  test("a process without the legacy door has nothing to settle about it", () => {
    const env = { ...servers, HOST: "0.0.0.0", ACCESS: "credentials" };
    expect(readConfig(["web"], env).HOST).toBe("0.0.0.0");
    expect(refusal({ ...env, MQTT_URL: "mqtt://broker" }, ["gateway-http"])).toMatch(
      /HOST: .*LEGACY_HTTP_KEY/,
    );
  });

  test("a key of the legacy door is long, not repeated, and no jest", () => {
    expect(refusal({ LEGACY_HTTP_KEY: "hunter2" })).toMatch(/LEGACY_HTTP_KEY: must have at least 16/);
    expect(refusal({ LEGACY_HTTP_KEY: "hunter2" })).not.toContain("hunter2");
    expect(refusal({ LEGACY_HTTP_KEY: key, LEGACY_HTTP_OPEN: "true" })).toMatch(/excludes/);
  });

  test("trusted proxies are a list, and nobody is one by default", () => {
    expect(readConfig(serviceNames, {}).TRUSTED_PROXIES).toEqual([]);
    const TRUSTED_PROXIES = "10.0.0.0/8, fd00::1  192.0.2.7";
    expect(readConfig(serviceNames, { TRUSTED_PROXIES }).TRUSTED_PROXIES).toEqual([
      "10.0.0.0/8",
      "fd00::1",
      "192.0.2.7",
    ]);
    expect(refusal({ TRUSTED_PROXIES: "traefik" })).toContain("TRUSTED_PROXIES: expected addresses");
  });
});

describe("TLS", () => {
  test("without a certificate MQTT is plain, where HOST says", () => {
    const config = readConfig(serviceNames, { HOST: "::1" });
    expect(needsCertificate(config, serviceNames)).toBe(false);
    expect(plainMqttHost(config)).toBe("::1");
  });

  test("plain MQTT is kept to this machine on request", () => {
    expect(plainMqttHost({ HOST: "0.0.0.0", PLAIN_MQTT: "loopback" })).toBe("127.0.0.1");
    expect(plainMqttHost({ HOST: "::1", PLAIN_MQTT: "loopback" })).toBe("::1");
    expect(plainMqttHost({ HOST: "0.0.0.0", PLAIN_MQTT: "host" })).toBe("0.0.0.0");
  });

  test.each([
    [
      { TLS_CERT_FILE: "/nowhere/tls.crt" },
      [/^TLS_KEY_FILE: must be set/, /^TLS_CERT_FILE: cannot read .*ENOENT/],
    ],
    [{ TLS_KEY_FILE: "/nowhere/tls.key" }, [/^TLS_CERT_FILE: must be set/, /^TLS_KEY_FILE: cannot read/]],
    [{ HTTP_TLS: "true" }, [/^HTTP_TLS: needs TLS_CERT_FILE and TLS_KEY_FILE/]],
    [
      { HOST: "0.0.0.0", ACCESS: "credentials", LEGACY_HTTP_OPEN: "true", PLAIN_MQTT: "loopback" },
      [/^PLAIN_MQTT: loopback leaves other machines no way in/],
    ],
  ])("%j is refused", (env, faults) => {
    const lines = refusal(env).split("\n  ").slice(1);
    expect(lines).toEqual(faults.map((fault) => expect.stringMatching(fault)));
  });

  test("a service without a TLS listener needs no certificate", () => {
    const env = {
      ...servers,
      TLS_CERT_FILE: "/nowhere",
      TLS_KEY_FILE: "/nowhere",
      MQTT_URL: "mqtts://broker",
    };
    for (const name of ["processor", "web", "gateway-http"] as const)
      expect(readConfig([name], env).TLS_CERT_FILE).toBe("/nowhere");
    expect(refusal(env, ["broker"])).toContain("cannot read /nowhere");
  });
});

describe("services that run apart name the servers between them", () => {
  test.each<[ServiceName[], string[]]>([
    [["broker"], ["REDIS_URL"]],
    [["processor"], ["REDIS_URL", "DATABASE_URL"]],
    [["web"], ["REDIS_URL", "DATABASE_URL"]],
    [["gateway-http"], ["DATABASE_URL", "MQTT_URL"]],
    [
      ["broker", "gateway-http"],
      ["REDIS_URL", "DATABASE_URL"],
    ],
    [
      ["processor", "gateway-http", "web"],
      ["REDIS_URL", "DATABASE_URL", "MQTT_URL"],
    ],
  ])("%j without any of them lacks %j", (services, missing) => {
    const lines = refusal({}, services).split("\n  ").slice(1);
    expect(lines.map((line) => line.split(":")[0])).toEqual(missing);
    for (const line of lines) expect(line).toContain("must be set when");
  });

  test("and start when these are set", () => {
    const env = { ...servers, MQTT_URL: "mqtt://broker:1883" };
    for (const name of serviceNames) expect(readConfig([name], env)).toMatchObject(env);
  });
});

describe("the number of shards", () => {
  test.each<[ServiceName[], Record<string, string>, number]>([
    [[...serviceNames], {}, 1],
    [[...serviceNames], { REDIS_URL: servers.REDIS_URL }, 1],
    [[...serviceNames], { DATABASE_URL: servers.DATABASE_URL }, 1],
    [[...serviceNames], servers, 8],
    [["processor"], servers, 8],
    [["broker"], servers, 8],
    // A broker needs no database, and has to agree with the processors nevertheless.
    [["broker"], { REDIS_URL: servers.REDIS_URL }, 8],
    [["broker"], { ...servers, SHARDS: "3" }, 3],
  ])("of %j with %j is %i", (services, env, shards) => {
    expect(readConfig(services, env).SHARDS).toBe(shards);
  });
});

describe("access", () => {
  const secret = "0123456789abcdef0123456789abcdef";

  test("is open unless something else is asked for", () => {
    expect(readConfig(serviceNames, {}).ACCESS).toBe("open");
    expect(readConfig(serviceNames, { ACCESS: "credentials", JWT_SECRET: secret })).toMatchObject({
      ACCESS: "credentials",
      JWT_SECRET: secret,
      JWT_DEVICE_CLAIM: "sub",
      JWT_PUBLIC_KEY_FILE: null,
    });
  });

  test("with credentials needs a database for a broker of its own", () => {
    const env = { REDIS_URL: servers.REDIS_URL };
    expect(readConfig(["broker"], env).DATABASE_URL).toBeNull();
    expect(refusal({ ...env, ACCESS: "credentials" }, ["broker"])).toMatch(/DATABASE_URL: .*credentials/);
  });

  test.each([
    [{ ACCESS: "closed" }, /ACCESS: expected one of open, credentials/],
    [{ ACCESS: "credentials", JWT_SECRET: "short-and-secret" }, /JWT_SECRET: must have at least 32 bytes/],
    [{ ACCESS: "credentials", JWT_SECRET: secret, JWT_PUBLIC_KEY_FILE: "a.pem" }, /JWT_SECRET: excludes/],
    [{ JWT_SECRET: secret }, /with ACCESS=open/],
    [{ SMTP_URL: "smtp://mail.example" }, /SMTP_URL and SMTP_FROM: set both/],
    [{ SMTP_URL: "http://mail.example", SMTP_FROM: "a@b" }, /SMTP_URL: expected a URL beginning with smtp/],
    [{ JWT_PUBLIC_KEY_FILE: "a.pem" }, /with ACCESS=open/],
  ])("%j is refused, and no secret is shown", (env, reason) => {
    const message = refusal(env);
    expect(message).toMatch(reason);
    expect(message).not.toContain("short-and-secret");
    expect(message).not.toContain(secret);
  });
});

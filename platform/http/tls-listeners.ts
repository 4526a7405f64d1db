import { isLoopback } from "./listen.ts";
import { readTlsFiles, type TlsSettings } from "./tls-files.ts";

/** The settings that decide which listeners there are, and which have TLS. */
interface ListenerSettings extends TlsSettings {
  readonly HOST: string;
  readonly PLAIN_MQTT: "host" | "loopback";
  readonly HTTP_TLS: boolean;
}

/** Whether one of these services has a listener with TLS. */
export function needsCertificate(
  { TLS_CERT_FILE, TLS_KEY_FILE, HTTP_TLS }: Omit<ListenerSettings, "HOST" | "PLAIN_MQTT">,
  services: readonly string[],
): boolean {
  if (HTTP_TLS && services.some((name) => name === "gateway-http" || name === "web")) return true;
  return services.includes("broker") && (TLS_CERT_FILE !== null || TLS_KEY_FILE !== null);
}

/** What is wrong with the settings of TLS and with the files that they name, as far as these services need them. */
export function tlsFaults(settings: ListenerSettings, services: readonly string[]): readonly string[] {
  const isShut = settings.PLAIN_MQTT === "loopback" && !isLoopback(settings.HOST);
  if (services.includes("broker") && isShut && settings.TLS_CERT_FILE === null)
    return ["PLAIN_MQTT: loopback leaves other machines no way in; set TLS_CERT_FILE and TLS_KEY_FILE"];
  if (!needsCertificate(settings, services)) return [];
  const files = readTlsFiles(settings);
  if (files.kind === "none") return ["HTTP_TLS: needs TLS_CERT_FILE and TLS_KEY_FILE"];
  return files.kind === "faulty" ? files.faults : [];
}

/** The address that MQTT without TLS listens on. */
export function plainMqttHost({ HOST, PLAIN_MQTT }: Pick<ListenerSettings, "HOST" | "PLAIN_MQTT">): string {
  return PLAIN_MQTT === "host" || isLoopback(HOST) ? HOST : "127.0.0.1";
}

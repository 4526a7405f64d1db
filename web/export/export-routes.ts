import { Readable } from "node:stream";
import type { FastifyReply } from "fastify";
import { Type } from "typebox";
import type { ExportQuery, ReadingExport } from "../../platform/export/export-ports.ts";
import type { HttpDoor } from "../../platform/http/http-server.ts";
import type { Clock } from "../../platform/ports.ts";
import { csvHead, ExportQuestion } from "../../schema/export.ts";
import { noRange, rangeOf } from "../../schema/moment.ts";
import { refuse } from "../refusals.ts";
import { toParquet } from "./parquet.ts";

export interface ExportDeps {
  readonly readingExport: ReadingExport;
  readonly now: Clock;
}

interface Format {
  readonly media: string;
  readonly written: (from: ReadingExport, query: ExportQuery) => AsyncIterable<string | Uint8Array>;
}

const formats: Readonly<Record<string, Format>> = {
  csv: { media: "text/csv", written: toCsv },
  parquet: {
    media: "application/vnd.apache.parquet",
    written: (from, query) => toParquet(from.runs(query)),
  },
};

/** Puts readings on a door as files. */
export function mountExport(door: HttpDoor, { readingExport, now }: ExportDeps): void {
  for (const [ending, { media, written }] of Object.entries(formats)) {
    const File = Type.Unsafe<string>({ type: "string", contentMediaType: media, description: "The file." });
    door.get<{ Querystring: ExportQuestion }>(
      `/api/v1/export.${ending}`,
      {
        config: { needs: "viewer" },
        // Fastify's own HEAD would read all of it, and nobody could stop that.
        exposeHeadRoute: false,
        schema: {
          querystring: ExportQuestion,
          response: { 200: { content: { [media]: { schema: File } } } },
        },
      },
      (request, reply) => {
        const query = queryOf(request.query, now());
        if (query === undefined) return refuse(reply, 400, noRange);
        return sendFile(reply, {
          ...{ media, name: `${nameOf(query)}.${ending}` },
          // Fastify ends the stream when the client leaves, and the reading of the database with it.
          pieces: Readable.from(written(readingExport, query), { highWaterMark: 1 }),
        });
      },
    );
  }
}

/** Of whom and of when, where that is one device: `press-01_20261130T080000Z_20261130T090000Z`. Nothing that a header or a file system minds. */
function nameOf({ deviceIds = [], fromUs, toUs }: ExportQuery): string {
  const [deviceId] = deviceIds;
  if (deviceId === undefined || deviceIds.length > 1) return "readings";
  const times = [fromUs, toUs].map((us) => new Date(us / 1000).toISOString().replaceAll(/\.\d+|[-:]/g, ""));
  return [deviceId.replaceAll(/[^\w.-]+/g, "-").replace(/^\.+/, "-"), ...times].join("_");
}

function sendFile(
  reply: FastifyReply,
  file: { media: string; name: string; pieces: Readable },
): FastifyReply {
  const charset = file.media.startsWith("text/") ? "; charset=utf-8" : "";
  return reply
    .header("Content-Disposition", `attachment; filename="${file.name}"`)
    .type(`${file.media}${charset}`)
    .send(file.pieces);
}

async function* toCsv(from: ReadingExport, query: ExportQuery): AsyncGenerator<string> {
  yield csvHead;
  yield* from.lines(query);
}

function queryOf(question: ExportQuestion, nowUs: number): ExportQuery | undefined {
  const range = rangeOf(question, nowUs);
  const sensorTypes = question.sensors?.split(",").map((type) => type.trim());
  return range && { deviceIds: question.device, sensorTypes, ...range };
}

import { Readable } from "node:stream";
import type { FastifyReply } from "fastify";
import { Type } from "typebox";
import type { ExportQuery, ReadingExport } from "../../platform/export/export-ports.ts";
import type { HttpDoor } from "../../platform/http-server.ts";
import type { Clock } from "../../platform/ports.ts";
import { csvHead, csvLines, type ExportedRun, ExportQuestion, momentIn } from "../../schema/export.ts";
import { refuse } from "../refusals.ts";
import { toParquet } from "./parquet.ts";

export interface ExportDeps {
  readonly readingExport: ReadingExport;
  readonly now: Clock;
}

type Written = (runs: AsyncIterable<ExportedRun>) => AsyncIterable<string | Uint8Array>;

interface Format {
  readonly media: string;
  readonly written: Written;
}

const formats: Readonly<Record<string, Format>> = {
  csv: { media: "text/csv", written: toCsv },
  parquet: { media: "application/vnd.apache.parquet", written: toParquet },
};

/** Puts readings on a door as files. */
export function mountExport(door: HttpDoor, { readingExport, now }: ExportDeps): void {
  for (const [ending, { media, written }] of Object.entries(formats)) {
    const File = Type.Unsafe<string>({ type: "string", contentMediaType: media, description: "The file." });
    door.get<{ Querystring: ExportQuestion }>(
      `/api/v1/export.${ending}`,
      {
        config: { needs: "viewer" },
        schema: {
          querystring: ExportQuestion,
          response: { 200: { content: { [media]: { schema: File } } } },
        },
      },
      (request, reply) => {
        const query = queryOf(request.query, now());
        if (query === undefined) return refuse(reply, 400, noRange);
        return sendFile(reply, {
          ...{ media, name: `readings.${ending}` },
          // Fastify ends the stream when the client leaves, and the reading of the database with it.
          pieces: Readable.from(written(readingExport.runs(query)), { highWaterMark: 1 }),
        });
      },
    );
  }
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

async function* toCsv(runs: AsyncIterable<ExportedRun>): AsyncGenerator<string> {
  yield csvHead;
  for await (const run of runs) yield csvLines(run);
}

function queryOf(question: ExportQuestion, nowUs: number): ExportQuery | undefined {
  const fromUs = momentIn(question.from ?? "0");
  const toUs = momentIn(question.to ?? String(nowUs + 1));
  if (fromUs === undefined || toUs === undefined || fromUs > toUs) return undefined;
  const sensorTypes = question.sensors?.split(",").map((type) => type.trim());
  return { deviceIds: question.device, sensorTypes, fromUs, toUs };
}

const noRange = {
  code: "RANGE_INVALID",
  reason: '"from" and "to" are ISO 8601 or microseconds since the epoch, and "from" is not after "to"',
};

import { once } from "node:events";
import type { Worker } from "node:worker_threads";

/** The answer of a worker that answers one message at a time. */
export async function ask<Question, Answer>(worker: Worker, question: Question): Promise<Answer> {
  worker.postMessage(question);
  const [answer] = await once(worker, "message");
  // The worker's file says what it answers.
  return answer as Answer;
}

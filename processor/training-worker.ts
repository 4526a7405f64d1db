import { parentPort, workerData } from "node:worker_threads";
import { answerJob } from "./training.ts";

// Only `trainInWorker` starts this file, and always with a TrainingJob as its data.
parentPort?.postMessage(answerJob(workerData));

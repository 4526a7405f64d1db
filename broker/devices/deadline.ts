import { PlatformError } from "../../platform/errors.ts";

/**
 * What is asked of the database, unless it takes too long: a server that was frozen answers nobody, and nobody may wait for it.
 * @throws PlatformError STORE_DOWN.
 */
export async function within<T>(ms: number, ask: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const message = `the database did not answer within ${ms / 1000} s`;
      reject(new PlatformError("STORE_DOWN", message, { retryable: true }));
    }, ms);
    timer.unref();
  });
  try {
    return await Promise.race([ask(), late]);
  } finally {
    clearTimeout(timer);
  }
}

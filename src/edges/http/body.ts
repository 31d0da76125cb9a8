import type { Readable } from 'node:stream';
import { AppError } from '../../core/index.js';

/** Above this no body is read unless the endpoint says otherwise: no record may be larger, on any engine. */
export const DEFAULT_BODY_LIMIT_BYTES = 1024 * 1024;

/**
 * Reads a body to its end. Counts what arrives, so a chunked body has the same limit as one that tells its length, and nothing
 * above the limit is kept. Rejects with `tooLarge` with the refusal, `cancelled` when the client goes away in the middle.
 */
export function readBody(
  stream: Readable,
  announcedBytes: number,
  limitBytes: number,
  refusal: string,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (announcedBytes > limitBytes) {
      reject(new AppError('tooLarge', refusal));
      return;
    }
    const chunks: Buffer[] = [];
    let size = 0;
    const stop = (): void => {
      stream.off('data', onData).off('end', onEnd).off('close', onCutOff);
    };
    const onData = (chunk: Buffer | string): void => {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      size += bytes.length;
      if (size <= limitBytes) {
        chunks.push(bytes);
        return;
      }
      stop();
      stream.pause();
      reject(new AppError('tooLarge', refusal));
    };
    const onEnd = (): void => {
      stop();
      resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks));
    };
    const onCutOff = (cause?: unknown): void => {
      stop();
      reject(new AppError('cancelled', 'the body ended before its announced length', { cause }));
    };
    if (stream.destroyed || stream.readableEnded) {
      onCutOff();
      return;
    }
    // An error stays heard: nobody else listens for one.
    stream.on('data', onData).on('end', onEnd).on('close', onCutOff).on('error', onCutOff);
  });
}

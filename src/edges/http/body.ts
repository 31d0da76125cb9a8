import type { Readable } from 'node:stream';
import { AppError } from '../../core/index.js';

/** Above this no body is read unless the endpoint says otherwise: no record may be larger, on any engine. */
export const DEFAULT_BODY_LIMIT_BYTES = 1024 * 1024;

/**
 * Reads a body to its end. Counts what arrives, so a chunked body has the same limit as one that tells its length, and nothing
 * above the limit is kept. Throws `tooLarge` with the refusal, `cancelled` when the client goes away in the middle.
 */
export async function readBody(
  stream: Readable,
  announcedBytes: number,
  limitBytes: number,
  refusal: string,
): Promise<Buffer> {
  if (announcedBytes > limitBytes) throw new AppError('tooLarge', refusal);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer | string>) {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      size += bytes.length;
      if (size > limitBytes) throw new AppError('tooLarge', refusal);
      chunks.push(bytes);
    }
  } catch (thrown) {
    if (thrown instanceof AppError) throw thrown;
    throw new AppError('cancelled', 'the body ended before its announced length', { cause: thrown });
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}

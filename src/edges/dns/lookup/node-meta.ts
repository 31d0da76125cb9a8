import type { StringMap } from '../../../model/index.js';

const MAX_TEXT_BYTES = 255;
/** Values under such keys are texts of their own, not attributes. */
const PLAIN_PREFIX = 'rfc1035-';

/** The texts that tell a node's metadata, `key=value` (RFC 1464), one byte per character, ordered by key. */
export function metaTexts(meta: StringMap): readonly string[] {
  return Object.keys(meta)
    .sort()
    .map((key) => {
      const value = meta[key] ?? '';
      const isPlain = key.toLowerCase().startsWith(PLAIN_PREFIX);
      return Buffer.from(isPlain ? value : `${quoted(key)}=${value}`, 'utf8').toString('latin1');
    });
}

/** A text in the pieces that a TXT record takes. */
export function textPieces(text: string): readonly string[] {
  if (text.length <= MAX_TEXT_BYTES) return [text];
  const pieces: string[] = [];
  for (let at = 0; at < text.length; at += MAX_TEXT_BYTES) pieces.push(text.slice(at, at + MAX_TEXT_BYTES));
  return pieces;
}

/** RFC 1464, 2: what ends a key, or would be lost at its ends, stands behind a grave accent. */
const quoted = (key: string): string => key.replace(/[`=]|^[ \t]+|[ \t]+$/g, (part) => part.replace(/[\s\S]/g, '`$&'));

const LONGEST = 1_000;
const LONGEST_QUOTE = 80;
const OMITTED = '…';

/**
 * An Envoy's reason for a refusal, fit to be stored and shown: one line, about 1 kB, without PEM blocks and without the
 * messages that Envoy sometimes quotes whole (they can hold keys).
 */
export function refusalText(text: string): string {
  const bounded = text.length > 20 * LONGEST ? text.slice(0, 20 * LONGEST) : text;
  const oneLine = bounded
    .replace(/-----BEGIN [A-Z ]+-----[\s\S]*?(?:-----END [A-Z ]+-----|$)/g, OMITTED)
    .replace(/"(?:[^"\\]|\\.)*"/g, (quoted) => (quoted.length > LONGEST_QUOTE ? `"${OMITTED}"` : quoted))
    .replace(/\s+/g, ' ')
    .trim();
  return oneLine.length > LONGEST ? `${oneLine.slice(0, LONGEST)}${OMITTED}` : oneLine;
}

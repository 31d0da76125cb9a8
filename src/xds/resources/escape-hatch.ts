import { AppError } from '../../core/index.js';
import { type EnvoyMessages, type EnvoyTypeName, readProtoJson } from '../envoy-api/index.js';

/** A message that a user wrote, or one sentence that says why it cannot be used. */
export type EscapeHatch<Message> = { readonly message: Message } | { readonly problem: string };

/**
 * Reads the JSON form of a message (consul-behaviour 6.13: protobuf JSON with `@type` at its top; one that is left out is taken
 * as the wanted one). Never throws: what cannot be read is a problem, so that a proxy keeps its other resources.
 */
export function parseEscapeHatch<Name extends EnvoyTypeName>(
  text: string,
  typeName: Name,
): EscapeHatch<EnvoyMessages[Name]> {
  const parsed = parseMessage(text, typeName);
  return 'problem' in parsed ? parsed : { message: parsed.message };
}

/** The same for any type name, those of messages inside messages included. */
export function parseMessage(text: string, typeName: string): EscapeHatch<Record<string, unknown>> {
  try {
    return { message: readProtoJson(typeName, JSON.parse(text)) };
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return { problem: `it is not JSON: ${thrown.message}` };
    if (thrown instanceof AppError) return { problem: thrown.message };
    throw thrown;
  }
}

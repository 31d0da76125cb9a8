import { type AnyMessage, lookupType } from '../ads-client/message-types.js';

/** A google.protobuf.Any of the type with this full name; inside, an Any is written as the answer of this function. */
export function packed(typeName: string, fields: object = {}): AnyMessage {
  const type = lookupType(typeName);
  if (!type) throw new Error(`no message type is called ${typeName}`);
  return {
    type_url: `type.googleapis.com/${typeName}`,
    value: Buffer.from(type.encode(type.fromObject(fields)).finish()),
  };
}

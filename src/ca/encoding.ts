/** Lower-case hex pairs joined by colons. */
export function colonHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex').match(/../g)?.join(':') ?? '';
}

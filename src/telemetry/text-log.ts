import { Writable } from 'node:stream';

const LEVELS: Readonly<Record<number, string>> = {
  10: 'TRACE',
  20: 'DEBUG',
  30: 'INFO',
  40: 'WARN',
  50: 'ERROR',
  60: 'FATAL',
};
const OWN_FIELDS = new Set(['level', 'time', 'msg', 'room', 'pid', 'hostname']);

/** Turns pino's JSON lines into lines a person reads: `2026-01-02T03:04:05.678Z [INFO]  xds: message: key=value`. */
export function createTextLog(target: NodeJS.WritableStream): Writable {
  return new Writable({
    decodeStrings: false,
    write(chunk: Buffer | string, _encoding, done) {
      target.write(textLine(String(chunk)), () => done());
    },
  });
}

/** One line of JSON as text; what is not JSON stays as it is. */
export function textLine(line: string): string {
  let record: Record<string, unknown>;
  try {
    record = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return line;
  }
  const level = `[${LEVELS[Number(record['level'])] ?? 'INFO'}]`.padEnd(7);
  const room = typeof record['room'] === 'string' ? `${record['room']}: ` : '';
  const fields = Object.entries(record).filter(([name]) => !OWN_FIELDS.has(name));
  const shown = fields.map(
    ([name, value]) => `${name}=${typeof value === 'string' ? quoted(value) : JSON.stringify(value)}`,
  );
  const time = new Date(Number(record['time'])).toISOString();
  const message = typeof record['msg'] === 'string' ? record['msg'] : '';
  return `${time} ${level} ${room}${message}${shown.length > 0 ? `: ${shown.join(' ')}` : ''}\n`;
}

const quoted = (text: string): string => (/^[^\s"=]+$/.test(text) ? text : JSON.stringify(text));

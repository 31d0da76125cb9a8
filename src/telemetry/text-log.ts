const LEVELS: Readonly<Record<number, string>> = {
  10: 'TRACE',
  20: 'DEBUG',
  30: 'INFO',
  40: 'WARN',
  50: 'ERROR',
  60: 'FATAL',
};
const OWN_FIELDS = new Set(['level', 'time', 'msg', 'room', 'pid', 'hostname']);

/** A line of pino's as a line of JSON in the names that readers of Consul's logs look for; what is not JSON stays as it is. */
export function jsonLine(line: string): string {
  const record = parsed(line);
  if (record === undefined) return line;
  const { level, time, msg, room, pid: _pid, hostname: _hostname, ...fields } = record;
  return `${JSON.stringify({
    '@level': (LEVELS[Number(level)] ?? 'INFO').toLowerCase(),
    '@message': msg ?? '',
    ...(room === undefined ? {} : { '@module': room }),
    '@timestamp': new Date(Number(time)).toISOString(),
    ...fields,
  })}\n`;
}

function parsed(line: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/** A line of pino's as a person reads it: `2026-01-02T03:04:05.678Z [INFO]  xds: message: key=value`. */
export function textLine(line: string): string {
  const record = parsed(line);
  if (record === undefined) return line;
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

import { describe, expect, it } from 'vitest';
import { EtcdLog, parseEtcdLine } from '../../../src/cluster/managed-etcd/etcd-log.js';
import { createLogging } from '../../../src/telemetry/index.js';

function watched() {
  const lines: { level: string; message: string }[] = [];
  const target = {
    write: (line: string) => {
      const entry = JSON.parse(line) as Record<string, string>;
      lines.push({ level: String(entry['@level']), message: String(entry['@message']) });
    },
  };
  const heard: string[] = [];
  let nowMs = 0;
  const { logger } = createLogging({ level: 'debug', json: true, targets: [target] });
  const log = new EtcdLog(
    logger,
    () => nowMs,
    (message) => heard.push(message),
  );
  return { log, lines, heard, advance: (ms: number) => (nowMs += ms) };
}

const line = (level: string, msg: string, more = {}): string =>
  `${JSON.stringify({ level, msg, ts: 'now', ...more })}\n`;

describe('the log of etcd', () => {
  it('becomes ours line by line, with its levels in our words', () => {
    const { log, lines } = watched();
    const text = line('info', 'started') + line('warn', 'slow') + line('fatal', 'over');
    log.push(text.slice(0, 30));
    log.push(text.slice(30));
    expect(lines).toEqual([
      { level: 'debug', message: 'etcd: started' },
      { level: 'warn', message: 'etcd: slow' },
      { level: 'error', message: 'etcd: over' },
    ]);
  });

  it('tells a warning that comes again and again once a minute', () => {
    const { log, lines, advance } = watched();
    for (let at = 0; at < 5; at += 1) log.push(line('warn', 'slow'));
    advance(61_000);
    log.push(line('warn', 'slow'));
    expect(lines.filter(({ level }) => level === 'warn')).toHaveLength(2);
  });

  it('is of no interest once the member was told to end', () => {
    const { log, lines } = watched();
    log.isEnding = true;
    log.push(line('error', 'setting up serving from embedded etcd failed.'));
    expect(lines.map(({ level }) => level)).toEqual(['debug']);
  });

  it('is heard whole, with errors, whatever the level', () => {
    const { log, heard } = watched();
    log.push(line('info', 'server error', { error: 'the member has been permanently removed from the cluster' }));
    expect(heard).toEqual(['server error the member has been permanently removed from the cluster']);
  });

  it('takes what is not JSON as a warning', () => {
    expect(parseEtcdLine('panic: out of memory')).toEqual({
      level: 'warn',
      message: 'panic: out of memory',
      fields: {},
    });
    expect(parseEtcdLine('17').level).toBe('warn');
  });
});

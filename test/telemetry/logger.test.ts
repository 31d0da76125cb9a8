import { describe, expect, it } from 'vitest';
import { createLogging } from '../../src/telemetry/index.js';

function logging(level: string, json = false) {
  const lines: string[] = [];
  return { ...createLogging({ level, json, targets: [{ write: (line) => void lines.push(line) }] }), lines };
}

describe('the log', () => {
  it('says what its level lets through, in text or in the JSON of Consul', () => {
    const plain = logging('info');
    plain.logger.child({ room: 'xds' }).info({ proxy: 'a b' }, 'hello');
    plain.logger.debug({}, 'not said');
    expect(plain.lines).toEqual([expect.stringMatching(/^\S+Z \[INFO\] {2}xds: hello: proxy="a b"\n$/)]);
    const json = logging('info', true);
    json.logger.child({ room: 'xds' }).warn({ proxy: 'a' }, 'hello');
    expect(JSON.parse(json.lines[0] ?? '')).toMatchObject({
      '@level': 'warn',
      '@message': 'hello',
      '@module': 'xds',
      proxy: 'a',
    });
  });

  it('changes its level for the children of rooms too', () => {
    const { logger, setLevel, lines } = logging('info');
    const child = logger.child({ room: 'dns' });
    setLevel('debug');
    child.debug({}, 'one');
    setLevel('error');
    child.warn({}, 'two');
    expect(lines.join('')).toContain('one');
    expect(lines.join('')).not.toContain('two');
  });

  it('is watched at a level of its own, without becoming louder itself', () => {
    const { logger, watch, lines } = logging('warn');
    const child = logger.child({ room: 'dns' });
    const seen: string[] = [];
    const stop = watch({ level: 'debug', json: false, onLine: (line) => void seen.push(line) });
    child.debug({}, 'quiet');
    child.warn({}, 'loud');
    stop();
    child.warn({}, 'later');
    expect(seen.map((line) => /(quiet|loud|later)/.exec(line)?.[0])).toEqual(['quiet', 'loud']);
    expect(lines.map((line) => /(quiet|loud|later)/.exec(line)?.[0])).toEqual(['loud', 'later']);
    expect(child.isLevelEnabled('debug')).toBe(false);
  });

  it('hides secrets', () => {
    const { logger, lines } = logging('info');
    logger.info({ token: 'hush', request: { secret: 'hush' } }, 'x');
    expect(lines.join('')).not.toContain('hush');
  });
});

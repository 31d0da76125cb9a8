import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { openSyslog } from '../../src/telemetry/index.js';

const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

describe('the log of the system', () => {
  it('is given every line with the severity of its level, under the facility of the configuration', async () => {
    const receiver = createSocket('udp4');
    receiver.bind(0, '127.0.0.1');
    await once(receiver, 'listening');
    open.push(() => receiver.close());
    const problems: string[] = [];
    const syslog = openSyslog({
      facility: 'local3',
      now: () => 0,
      onProblem: (message) => problems.push(message),
      command: ['logger', '--udp', '--server', '127.0.0.1', '--port', String(receiver.address().port)],
    });
    open.push(() => syslog.close());
    const lines: string[] = [];
    const three = new Promise<void>((resolve) => {
      receiver.on('message', (message: Buffer) => {
        lines.push(message.toString('utf8'));
        if (lines.length === 3) resolve();
      });
    });
    syslog.write('one\n', 'debug');
    syslog.write('two <1>\n', 'info');
    syslog.write('three\n', 'error');
    await three;
    const local3 = 19 * 8;
    expect(lines).toEqual([
      expect.stringMatching(new RegExp(`^<${local3 + 7}>1 .* meshwright .* one$`, 's')),
      expect.stringMatching(new RegExp(`^<${local3 + 6}>1 .* meshwright .* two <1>$`, 's')),
      expect.stringMatching(new RegExp(`^<${local3 + 3}>1 .* meshwright .* three$`, 's')),
    ]);
    expect(problems).toEqual([]);
  });

  it('costs lines and one word of warning where it is not there, and is tried again after ten seconds', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'syslog-'));
    open.push(() => rmSync(folder, { recursive: true }));
    const program = join(folder, 'failing-logger');
    const starts = join(folder, 'starts');
    writeFileSync(program, `#!/bin/sh\nprintf x >> ${starts}\necho "no socket" >&2\nexit 1\n`, { mode: 0o755 });
    let nowMs = 0;
    const problems: string[] = [];
    const syslog = openSyslog({
      facility: 'local0',
      now: () => nowMs,
      onProblem: (message) => problems.push(message),
      command: [program],
    });
    open.push(() => syslog.close());
    syslog.write('one\n', 'info');
    await expect.poll(() => problems).toEqual([expect.stringMatching(/enable_syslog: .*no socket/)]);
    syslog.write('two\n', 'info');
    nowMs = 10_001;
    syslog.write('three\n', 'info');
    syslog.write('four\n', 'info');
    await expect.poll(() => readFileSync(starts, 'utf8')).toBe('xx');
    expect(problems).toHaveLength(1);
  });

  it('says which program is missing', async () => {
    const problem = new Promise<string>((resolve) => {
      const syslog = openSyslog({ facility: 'user', now: () => 0, onProblem: resolve, command: ['no-such-logger'] });
      syslog.write('one\n', 'info');
    });
    expect(await problem).toContain('there is no program "no-such-logger"');
  });
});

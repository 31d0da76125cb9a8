// The second witness: the Go dumper (adsdump/) in the place of our own client, with the same face.
import { spawn } from 'node:child_process';
import { cleanEnv, sleep } from '../agent.mjs';

/** Talks to one `adsdump -i`. */
export class GoDumper {
  constructor(executable, { address, nodeId, cluster, nodeName, envoyVersion, stateOfTheWorld, quietMs }) {
    const args = ['-i', '-id', nodeId, '-addr', address, '-cluster', cluster ?? '', '-quiet', `${quietMs}ms`];
    if (stateOfTheWorld) args.push('-sotw');
    if (nodeName) args.push('-node-name', nodeName);
    if (envoyVersion) args.push('-envoy', envoyVersion);
    this.child = spawn(executable, args, { stdio: ['pipe', 'pipe', 'inherit'], env: cleanEnv() });
    this.exited = new Promise((resolve) => {
      this.child.once('exit', resolve);
      this.child.once('error', resolve);
    });
    this.waiting = [];
    let buffer = '';
    this.child.stdout.on('data', (part) => {
      const lines = (buffer + part).split('\n');
      buffer = lines.pop();
      for (const line of lines) this.waiting.shift()?.(JSON.parse(line));
    });
  }

  ask(command) {
    return new Promise((resolve, reject) => {
      this.waiting.push(resolve);
      void this.exited.then(() => reject(new Error('the Go dumper ended')));
      this.child.stdin.write(`${command}\n`);
    });
  }

  mark() {
    return this.ask('mark');
  }

  dump() {
    return this.ask('dump');
  }

  async close() {
    this.child.stdin.end('quit\n');
    await Promise.race([this.exited, sleep(1000)]);
    this.child.kill('SIGKILL');
  }
}

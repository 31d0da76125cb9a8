import { describe, expect, it } from 'vitest';
import { readConfigText } from '../../../src/agent/config/read-source.js';
import { resolveWatches } from '../../../src/agent/config/watches.js';

const watches = (hcl: string) => resolveWatches(readConfigText('a.hcl', hcl, 'hcl').options.watches ?? []);

describe('the option `watches`', () => {
  it('takes a script with arguments, a command of a shell, and a URL', () => {
    const [script, shell, http] = watches(`
      watches = [
        { type = "key", key = "a/b c", handler_type = "script", args = ["/bin/x", "-y"], token = "t", datacenter = "dc1" },
        { type = "event", name = "deploy", handler = "cat | wc" }
      ]
      watches {
        type = "service"
        service = "web"
        tag = ["a", "b"]
        passingonly = true
        handler_type = "http"
        http_handler_config {
          path = "https://localhost:8000/watch"
          method = "put"
          header = { "x-foo" = ["bar", "baz"], Host = ["h"] }
          timeout = "3s"
          tls_skip_verify = true
        }
      }`);
    expect(script).toMatchObject({
      view: { path: '/v1/kv/a/b%20c', query: {} },
      handler: { kind: 'script', command: ['/bin/x', '-y'] },
      options: { token: 't', datacenter: 'dc1' },
    });
    expect(shell).toMatchObject({
      handler: { command: ['/bin/sh', '-c', 'cat | wc'] },
      view: { query: { name: 'deploy' } },
    });
    expect(http).toMatchObject({
      view: { path: '/v1/health/service/web', query: { tag: ['a', 'b'], passing: 1 } },
      handler: {
        kind: 'http',
        url: 'https://localhost:8000/watch',
        method: 'PUT',
        timeoutMs: 3_000,
        header: { 'x-foo': ['bar', 'baz'], Host: ['h'] },
        tlsSkipVerify: true,
      },
    });
  });

  it('calls a URL with POST and for ten seconds unless it is told otherwise', () => {
    const [watch] = watches('watches { type = "nodes" http_handler_config { path = "http://x/" } }');
    expect(watch?.handler).toMatchObject({ kind: 'http', method: 'POST', timeoutMs: 10_000 });
  });

  it.each([
    ['{ args = ["x"] }', 'watches[0]: give the type of watch with type'],
    ['{ type = "keys" args = ["x"] }', 'watches[0]: there is no watch of type "keys"'],
    ['{ type = "key" args = ["x"] }', 'watches[0]: a watch of type key needs key'],
    ['{ type = "nodes" }', 'give the program to run in args, or http_handler_config'],
    ['{ type = "nodes" args = ["x"] handler = "y" }', 'not in both'],
    ['{ type = "nodes" handler_type = "mail" }', 'handler_type must be "script" or "http", not "mail"'],
    ['{ type = "nodes" handler_type = "http" }', 'http_handler_config needs a path'],
    ['{ type = "nodes" http_handler_config { path = "file:///etc/passwd" } }', 'begins with http:// or https://'],
    ['{ type = "nodes" http_handler_config { path = "http://x" header = { "a b" = ["c"] } } }', 'header "a b"'],
    ['{ type = "nodes" http_handler_config { path = "http://x" timeout = "-1s" } }', 'must not be negative'],
    ['{ type = "nodes" arg = ["x"] }', 'arg'],
  ])('refuses %s', (block, sentence) => {
    expect(() => watches(`watches ${block}`)).toThrow(sentence);
  });
});

import { changeKinds } from './change-kinds.js';
import type { Measured } from './measure.js';
import type { StartUp } from './start-up.js';

/** A number with so many digits after the point; `-` when there is none. */
export const number = (value: number, digits = 1): string => (Number.isFinite(value) ? value.toFixed(digits) : '-');

function rowsOf(measured: Measured): string[][] {
  const acks = measured.repeatNode ? '60 kB' : 'short';
  return changeKinds.flatMap((kind) => {
    const change = measured.changes[kind];
    if (change === undefined) return [];
    const { product, floor } = change;
    const line = (name: string, spread: typeof product) => [
      String(measured.proxies),
      acks,
      kind,
      name,
      number(spread.p50Ms),
      number(spread.p99Ms),
      number(spread.lastMs),
      number(spread.cpuUsPerPush),
      number(spread.bytesPerPush, 0),
      number(spread.stallMs),
    ];
    const ratio = (read: (spread: typeof product) => number) => `x${number(read(product) / read(floor), 2)}`;
    return [
      line('product', product),
      line('floor', floor),
      [
        '',
        '',
        '',
        'ratio',
        ratio((s) => s.p50Ms),
        ratio((s) => s.p99Ms),
        ratio((s) => s.lastMs),
        ratio((s) => s.cpuUsPerPush),
        '',
        '',
      ],
    ];
  });
}

/** Rows in columns, aligned to the right. */
export function align(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows.map((row) => row.map((cell, column) => cell.padStart(widths[column] ?? 0)).join('  ')).join('\n');
}

/** The tables that `npm run bench` prints. */
export function renderTables(results: readonly Measured[], startUp: StartUp | undefined): string {
  const changes = [
    ['proxies', 'ACKs', 'change', '', 'p50 ms', 'p99 ms', 'last ms', 'CPU µs/push', 'bytes/push', 'stall ms'],
    ...results.flatMap(rowsOf),
  ];
  const others = [
    [
      'proxies',
      'ACKs',
      'RSS kB/proxy',
      'heap',
      'floor',
      'cold start ms',
      'CPU µs/proxy',
      'bytes/proxy',
      'reconnect ms',
      'CPU µs/proxy',
      'resources resent',
      'bytes/proxy',
    ],
    ...results.map((one) => [
      String(one.proxies),
      one.repeatNode ? '60 kB' : 'short',
      number(one.rssKbPerProxy),
      number(one.heapKbPerProxy),
      number(one.floorRssKbPerProxy),
      number(one.coldStart.ms, 0),
      number(one.coldStart.cpuUsPerProxy, 0),
      number(one.coldStart.bytesPerProxy, 0),
      number(one.reconnect.ms, 0),
      number(one.reconnect.cpuUsPerProxy, 0),
      String(one.reconnect.resources),
      number(one.reconnect.bytesPerProxy, 0),
    ]),
  ];
  const start = startUp
    ? `\n\nagent -dev: first HTTP answer after ${number(startUp.firstAnswerMs, 0)} ms; -help ${number(startUp.helpMs, 0)} ms (bare node ${number(startUp.bareNodeMs, 0)} ms)`
    : '';
  return `${align(changes)}\n\n${align(others)}${start}`;
}

/** Numbers as WebAssembly has them: seven bits a byte, the last one without the high bit. */
function unsigned(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >>> 7)];
}

/** `i32.const`, for numbers that are not negative. */
function constant(value: number): number[] {
  const bytes = unsigned(value);
  // The sign stands in the highest bit but one of the last byte.
  return [0x41, ...((bytes.at(-1) ?? 0) & 64 ? [...bytes.slice(0, -1), (bytes.at(-1) ?? 0) | 128, 0] : bytes)];
}

const vector = (items: readonly number[][]): number[] => [...unsigned(items.length), ...items.flat()];
const text = (value: string): number[] => [...unsigned(value.length), ...Buffer.from(value)];
const section = (id: number, content: number[]): number[] => [id, ...unsigned(content.length), ...content];
const body = (...instructions: number[]): number[] => {
  const code = [0, ...instructions, 0x0b];
  return [...unsigned(code.length), ...code];
};

const I32 = 0x7f;
const type = (parameters: number, results: number): number[] => [
  0x60,
  ...vector(Array.from({ length: parameters }, () => [I32])),
  ...vector(Array.from({ length: results }, () => [I32])),
];

const HEAP = 4096;
const NAME_AT = 1024;
const VALUE_AT = 2048;
const REQUEST_HEADERS = 0;

/**
 * A Proxy-Wasm plugin (ABI 0.2.1) that adds one header to every request: the smallest that a host takes, assembled here so that no
 * compiler is needed.
 */
export function headerAddingPlugin(name: string, value: string): Buffer {
  // One function of each export, after the one import.
  const functions = [
    { export: 'proxy_abi_version_0_2_1', type: 0, body: body() },
    { export: 'malloc', type: 1, body: body(...constant(HEAP)) },
    { export: 'proxy_on_context_create', type: 2, body: body() },
    { export: 'proxy_on_vm_start', type: 3, body: body(...constant(1)) },
    { export: 'proxy_on_configure', type: 3, body: body(...constant(1)) },
    {
      export: 'proxy_on_request_headers',
      type: 4,
      body: body(
        ...[REQUEST_HEADERS, NAME_AT, name.length, VALUE_AT, value.length].flatMap(constant),
        0x10, // call
        0, // the import
        0x1a, // drop its answer
        ...constant(0), // go on
      ),
    },
  ];
  const data = (at: number, content: string): number[] => [0, ...constant(at), 0x0b, ...text(content)];
  return Buffer.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, vector([type(0, 0), type(1, 1), type(2, 0), type(2, 1), type(3, 1), type(5, 1)])),
    ...section(2, vector([[...text('env'), ...text('proxy_add_header_map_value'), 0, 5]])),
    ...section(3, vector(functions.map(({ type: of }) => [of]))),
    ...section(5, vector([[0, 1]])),
    ...section(
      7,
      vector([
        [...text('memory'), 2, 0],
        ...functions.map(({ export: exported }, position) => [...text(exported), 0, ...unsigned(position + 1)]),
      ]),
    ),
    ...section(10, vector(functions.map(({ body: code }) => code))),
    ...section(11, vector([data(NAME_AT, name), data(VALUE_AT, value)])),
  ]);
}

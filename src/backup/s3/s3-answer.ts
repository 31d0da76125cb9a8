/** One object of a bucket. */
export interface S3Object {
  readonly key: string;
  readonly sizeBytes: number;
}

/** A page of `ListObjectsV2`. */
export interface S3Page {
  readonly objects: readonly S3Object[];
  /** What the next page is asked with; absent = this is the last one. */
  readonly next?: string;
}

/** Reads the XML of a `ListObjectsV2` answer; undefined when it is not one. */
export function parsePage(xml: string): S3Page | undefined {
  if (!/<ListBucketResult[\s>]/.test(xml)) return undefined;
  const objects = [...xml.matchAll(/<Contents>(.*?)<\/Contents>/gs)].map(([, content = '']) => ({
    key: element(content, 'Key') ?? '',
    sizeBytes: Number(element(content, 'Size') ?? 0),
  }));
  const next = element(xml, 'IsTruncated') === 'true' ? element(xml, 'NextContinuationToken') : undefined;
  return { objects, ...(next === undefined ? {} : { next }) };
}

/** `Code` and `Message` of an error answer, as far as it has them; nothing else of it, which may name keys. */
export function parseError(xml: string): { readonly code: string; readonly message: string } {
  return { code: element(xml, 'Code') ?? '', message: element(xml, 'Message') ?? '' };
}

function element(xml: string, name: string): string | undefined {
  const found = new RegExp(`<${name}(?:\\s[^>]*)?>([^<]*)</${name}>`).exec(xml);
  return found ? unescaped(found[1] ?? '') : undefined;
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescaped(text: string): string {
  return text.replace(
    /&(?:#x([0-9a-fA-F]{1,6})|#(\d{1,7})|(\w+));/g,
    (whole, hex?: string, decimal?: string, name = '') => {
      const code = hex === undefined ? (decimal === undefined ? undefined : Number(decimal)) : Number.parseInt(hex, 16);
      if (code === undefined) return ENTITIES[String(name)] ?? whole;
      return code <= 0x10_ff_ff ? String.fromCodePoint(code) : whole;
    },
  );
}

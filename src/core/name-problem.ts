// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL = /[\u0000-\u001f\u007f]/;
const MAX_LENGTH = 1024;
const MAX_MESH_NAME_BYTES = 128;

/**
 * Why a text cannot be a name (of a node, a service, a check, an entry), or undefined: control characters, which separate the
 * parts of keys, and more than 1024 characters. The text goes on after the name of a field.
 */
export function nameProblem(name: string): string | undefined {
  if (name.length > MAX_LENGTH) return `must have at most ${MAX_LENGTH} characters, not ${name.length}`;
  return CONTROL.test(name) ? 'must not contain control characters' : undefined;
}

/**
 * Why a text cannot be the name of a service in the mesh, or undefined: besides the above, one that leaves no room for subset,
 * datacenter and trust domain in a TLS server name of 255 bytes.
 */
export function meshNameProblem(name: string): string | undefined {
  // No character takes more than three.
  const bytes = 3 * name.length <= MAX_MESH_NAME_BYTES ? name.length : new TextEncoder().encode(name).length;
  if (bytes <= MAX_MESH_NAME_BYTES) return nameProblem(name);
  return `must have at most ${MAX_MESH_NAME_BYTES} bytes to be part of TLS server names, not ${bytes}`;
}

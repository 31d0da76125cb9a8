/** The address part of a listener's name: `db:127.0.0.1:9191`, `db:[::1]:9191`, `db:/run/db.sock`. */
const ADDRESS = /:((?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-fA-F:.%a-z]*\]|[0-9a-fA-F:]*::[0-9a-fA-F:.]*):\d+|\/.*)$/;

/** Whether two listener names end in the same address, so that they cannot both be open. */
export function sharesAddress(left: string, right: string): boolean {
  const address = ADDRESS.exec(left)?.[1];
  return address !== undefined && address === ADDRESS.exec(right)?.[1];
}

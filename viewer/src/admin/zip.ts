// SPDX-License-Identifier: Apache-2.0
/** Puts the files of one shapefile into one zip, unpressed: they belong together and travel as one. */

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = (value & 1) !== 0 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

function checksum(bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of bytes) value = (TABLE[(value ^ byte) & 0xff] ?? 0) ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

function record(signature: number, fields: readonly (readonly [size: 2 | 4, value: number])[], name: Uint8Array<ArrayBuffer>): Blob {
  const view = new DataView(new ArrayBuffer(4 + fields.reduce((sum, [size]) => sum + size, 0)));
  view.setUint32(0, signature, true);
  let at = 4;
  for (const [size, value] of fields) {
    if (size === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += size;
  }
  return new Blob([view.buffer, name]);
}

const UTF8_NAMES = 0x800;
const VERSION = 20;
const NEW_YEAR_1980 = 0x21;

export async function zipFiles(files: readonly File[], name: string): Promise<File> {
  const parts: Blob[] = [];
  const entries: Blob[] = [];
  let offset = 0;
  for (const file of files) {
    const bytes = new Uint8Array(await file.arrayBuffer());
    const own = new TextEncoder().encode(file.name);
    const head = [
      [2, VERSION], [2, UTF8_NAMES], [2, 0], [2, 0], [2, NEW_YEAR_1980], [4, checksum(bytes)], [4, bytes.length], [4, bytes.length],
      [2, own.length], [2, 0],
    ] as const;
    const local = record(0x04034b50, head, own);
    entries.push(record(0x02014b50, [[2, VERSION], ...head, [2, 0], [2, 0], [2, 0], [4, 0], [4, offset]], own));
    parts.push(local, new Blob([bytes]));
    offset += local.size + bytes.length;
  }
  const size = entries.reduce((sum, entry) => sum + entry.size, 0);
  const end = record(0x06054b50, [[2, 0], [2, 0], [2, files.length], [2, files.length], [4, size], [4, offset], [2, 0]], new Uint8Array());
  return new File([...parts, ...entries, end], name, { type: 'application/zip' });
}

const PARTS = /\.(shp|shx|dbf|prj|cpg|qpj|sbn|sbx|qix)$/iu;
const MAIN = /\.shp$/iu;

const stemOf = (name: string): string => name.replace(/(\.shp)?\.[^.]*$/iu, '').toLowerCase();

/** Files as they are to be sent: each shapefile's parts in one zip, every other as it is. */
export async function gather(files: readonly File[]): Promise<File[]> {
  const stems = new Set(files.filter(({ name }) => MAIN.test(name)).map(({ name }) => stemOf(name)));
  const isPart = ({ name }: File): boolean => stems.has(stemOf(name)) && (PARTS.test(name) || /\.shp\.xml$/iu.test(name));
  const zipped = [...stems].map((stem) => {
    const own = files.filter((file) => isPart(file) && stemOf(file.name) === stem && PARTS.test(file.name));
    const main = own.find(({ name }) => MAIN.test(name))?.name ?? stem;
    return zipFiles(own, `${main.replace(MAIN, '')}.zip`);
  });
  return [...files.filter((file) => !isPart(file)), ...(await Promise.all(zipped))];
}

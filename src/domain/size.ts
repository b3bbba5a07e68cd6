import { KonvergeError } from './error.ts';
import { roundUp } from './quantity.ts';

/**
 * Sizes as Snakemake writes them in `mem` and `disk`: `5MB`, `10 GB`, `1.5 GiB`, `200KB`; a bare number is bytes.
 * Source: humanfriendly.parse_size, which Snakemake calls (decimal units for kB, MB …, binary ones for KiB, MiB …).
 */
const units: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  byte: 1,
  bytes: 1,
  k: 1e3,
  kb: 1e3,
  kilobyte: 1e3,
  kilobytes: 1e3,
  kib: 2 ** 10,
  m: 1e6,
  mb: 1e6,
  megabyte: 1e6,
  megabytes: 1e6,
  mib: 2 ** 20,
  g: 1e9,
  gb: 1e9,
  gigabyte: 1e9,
  gigabytes: 1e9,
  gib: 2 ** 30,
  t: 1e12,
  tb: 1e12,
  terabyte: 1e12,
  terabytes: 1e12,
  tib: 2 ** 40,
  p: 1e15,
  pb: 1e15,
  petabyte: 1e15,
  petabytes: 1e15,
  pib: 2 ** 50,
};

/** Bytes of a Snakemake size string, rounded up. Throws `quantity-invalid`. */
export function parseSizeBytes(text: string, where: string): number {
  const match = /^\s*(\d+(?:\.\d+)?|\.\d+)\s*([A-Za-z]*)\s*$/.exec(text);
  const unit = match ? units[(match[2] ?? '').toLowerCase()] : undefined;
  if (!match || unit === undefined) {
    throw new KonvergeError('quantity-invalid', `${where}: cannot read the size ${JSON.stringify(text)}`);
  }
  return roundUp(Number(match[1]) * unit);
}

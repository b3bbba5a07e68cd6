import { addresses } from '../addresses.ts';

/** Of a program that listens on this machine only. */
export function url(port: number, file: string): string {
  return `http://${addresses.loopback}:${port}${file}`;
}

/** The same over TLS. */
export function secureUrl(port: number, file: string): string {
  return `https://${addresses.loopback}:${port}${file}`;
}

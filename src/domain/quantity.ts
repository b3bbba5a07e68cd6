import { KonvergeError } from './error.ts';

/**
 * Kubernetes quantities: a number with a decimal (k, M, G, T, P, E), binary (Ki … Ei) or milli/micro/nano suffix, or an
 * exponent. Source: k8s.io/apimachinery/pkg/api/resource/quantity.go.
 */
const suffixes: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

const pattern = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|([numkMGTPE]|[KMGTPE]i))?$/;

/** The value of a Kubernetes quantity in its base unit (cores, bytes, pieces). Throws `quantity-invalid`. */
export function parseQuantity(text: string, where: string): number {
  const match = pattern.exec(text.trim());
  const value = match
    ? Number(`${match[1] ?? ''}${match[2] ?? ''}`) * (suffixes[match[3] ?? ''] ?? Number.NaN)
    : Number.NaN;
  if (!Number.isFinite(value) || value < 0) {
    throw new KonvergeError('quantity-invalid', `${where}: cannot read the quantity ${JSON.stringify(text)}`);
  }
  return value;
}

/** Millicores, rounded up as Kubernetes does: `0.0005` is 1m. */
export function parseCpuMillis(value: string | number, where: string): number {
  return roundUp(parseQuantity(String(value), where) * 1000);
}

/** Bytes, rounded up. */
export function parseBytes(value: string | number, where: string): number {
  return roundUp(parseQuantity(String(value), where));
}

/** A product may miss a whole number by rounding (0.57 × 1000 = 570.0000000000001); that is not one more. */
export function roundUp(value: number): number {
  const nearest = Math.round(value);
  return Math.abs(value - nearest) <= Math.abs(value) * 2 ** -50 ? nearest : Math.ceil(value);
}

/** Bytes as the shortest quantity without loss: `8589934592` → `8Gi`, `1500000000` → `1500M`. */
export function formatBytes(bytes: number): string {
  let shortest = String(bytes);
  for (const suffix of ['Ei', 'Pi', 'Ti', 'Gi', 'Mi', 'Ki', 'E', 'P', 'T', 'G', 'M', 'k']) {
    const unit = suffixes[suffix] ?? 1;
    const written = `${bytes / unit}${suffix}`;
    if (bytes >= unit && bytes % unit === 0 && written.length < shortest.length) shortest = written;
  }
  return shortest;
}

/** Millicores as a quantity: `2000` → `2`, `500` → `500m`. */
export function formatCpuMillis(cpuMillis: number): string {
  return cpuMillis % 1000 === 0 ? String(cpuMillis / 1000) : `${cpuMillis}m`;
}

import { formatBytes, formatCpuMillis } from '../../domain/quantity.ts';
import type { Quota } from '../../domain/queue.ts';
import type { Waiting } from './waiting-line.ts';

/** What a waiting step waits for. */
export type Blockage =
  | { readonly by: 'queue' | 'machine'; readonly quota: Quota; readonly used: Quota }
  | { readonly by: 'port'; readonly port: number };

/** The sentence that a person reads, such as `waits for 2 cpu in queue default: 4 of 4 in use`. */
export function describeBlockage(entry: Waiting, blockage: Blockage | undefined): string {
  if (blockage === undefined) return `waits for its turn in queue ${entry.queue}`;
  if (blockage.by === 'port') return `waits for port ${blockage.port}, which a service of another step uses`;
  const { demand } = entry;
  const { quota, used, by } = blockage;
  const short: string[] = [];
  const note = (wanted: number, there: number, inUse: number, unit: string, text: (amount: number) => string): void => {
    if (wanted > there - inUse) short.push(`${text(wanted)} ${unit}`, `${text(inUse)} of ${text(there)} in use`);
  };
  note(demand.cpuMillis, quota.cpuMillis, used.cpuMillis, 'cpu', formatCpuMillis);
  note(demand.memoryBytes, quota.memoryBytes, used.memoryBytes, 'memory', shortBytes);
  note(demand.gpu, quota.gpu, used.gpu, 'gpu', String);
  if (by === 'queue') {
    for (const [name, amount] of Object.entries(demand.custom)) {
      note(amount, quota.custom[name] ?? 0, used.custom[name] ?? 0, name, String);
    }
  }
  const where = by === 'queue' ? `in queue ${entry.queue}` : `of the machine, which queue ${entry.queue} shares`;
  const [wanted, inUse] = short;
  if (wanted === undefined) return `waits for an earlier step that needs the room in queue ${entry.queue}`;
  const more =
    short.length > 2 ? ` (and ${short.filter((_text, index) => index > 1 && index % 2 === 0).join(', ')})` : '';
  return `waits for ${wanted}${more} ${where}: ${inUse}`;
}

/** Bytes for the eye: exact where short, else with one decimal. */
export function shortBytes(bytes: number): string {
  const exact = formatBytes(bytes);
  if (exact.length <= 6) return exact;
  if (bytes >= 2 ** 30) return `${(bytes / 2 ** 30).toFixed(1)}Gi`;
  return bytes >= 2 ** 20 ? `${(bytes / 2 ** 20).toFixed(1)}Mi` : `${bytes}`;
}
